using Microsoft.Extensions.Logging;

namespace Pipeline.EventLog.Kafka;

internal static partial class Log
{
    [LoggerMessage(101, LogLevel.Warning, "{Records} records were not acknowledged: {Reason} (transient: {Transient}); their appends were told so")]
    public static partial void DeliveryFailed(ILogger logger, int records, string reason, bool transient);

    [LoggerMessage(102, LogLevel.Warning, "Kafka's producer: {Reason}")]
    public static partial void ProducerTrouble(ILogger logger, string reason);

    [LoggerMessage(103, LogLevel.Error, "Kafka's producer cannot go on and is replaced: {Reason}")]
    public static partial void ProducerReplaced(ILogger logger, string reason);

    [LoggerMessage(104, LogLevel.Warning, "A consumer of group {Group}, topic {Topic}: {Reason}")]
    public static partial void ConsumerTrouble(ILogger logger, string group, string topic, string reason);

    [LoggerMessage(105, LogLevel.Information, "{Client} joins group {Group} of topic {Topic}")]
    public static partial void Joining(ILogger logger, string client, string group, string topic);

    [LoggerMessage(106, LogLevel.Information, "{Client} of group {Group}, topic {Topic}, holds partitions {Partitions}")]
    public static partial void Assigned(ILogger logger, string client, string group, string topic, string partitions);

    [LoggerMessage(107, LogLevel.Warning, "{Client} of group {Group}, topic {Topic}, was cut off and lost partitions {Partitions}; it joins again")]
    public static partial void Lost(ILogger logger, string client, string group, string topic, string partitions);

    [LoggerMessage(108, LogLevel.Warning, "Group {Group} wanted offset {Wanted} of topic {Topic}, partition {Partition}, which is not in the log (any more); it goes on at {Start}")]
    public static partial void OffsetGone(ILogger logger, string group, string topic, int partition, long wanted, long start);

    [LoggerMessage(109, LogLevel.Information, "Topic {Topic} was created with {Partitions} partitions")]
    public static partial void TopicCreated(ILogger logger, string topic, int partitions);

    [LoggerMessage(110, LogLevel.Warning, "The retention of topic {Topic} was left as it is: {Reason}")]
    public static partial void RetentionNotSet(ILogger logger, string topic, string reason);

    [LoggerMessage(111, LogLevel.Information, "The retention of topic {Topic} was set: {Retention}")]
    public static partial void RetentionSet(ILogger logger, string topic, string retention);

    [LoggerMessage(112, LogLevel.Information, "The brokers do not list consumer groups ({Reason}); those of this process and of EventLog:Kafka:Groups are reported")]
    public static partial void GroupsNotListed(ILogger logger, string reason);

    [LoggerMessage(113, LogLevel.Debug, "librdkafka {Facility}: {Text}")]
    public static partial void Library(ILogger logger, string facility, string text);

    [LoggerMessage(114, LogLevel.Warning, "librdkafka {Facility}: {Text}")]
    public static partial void LibraryWarning(ILogger logger, string facility, string text);
}
