using Microsoft.Extensions.Logging;

namespace Pipeline.Events;

/// <summary>The log lines of the module.</summary>
internal static partial class Log
{
    [LoggerMessage(LogLevel.Warning, "{Count} records are no events and went to {Topic}; the first, of partition {Partition} at offset {Offset}: {Reason}")]
    public static partial void DeadLettered(ILogger logger, int count, string topic, int partition, long offset, string reason);

    [LoggerMessage(LogLevel.Warning, "{Operation} failed and is tried again: {Reason}")]
    public static partial void Retrying(ILogger logger, string operation, string reason);

    [LoggerMessage(LogLevel.Warning, "The consumer group could not be told how far events are stored and will be with the next batch: {Reason}")]
    public static partial void CommitDelayed(ILogger logger, string reason);

    [LoggerMessage(LogLevel.Information, "Another worker has stored events of partitions {Partitions}; reading their positions again")]
    public static partial void Fenced(ILogger logger, string partitions);

    [LoggerMessage(LogLevel.Information, "Stored {Events} events and put aside {DeadLetters} records in {Milliseconds} ms: all that waited")]
    public static partial void Drained(ILogger logger, long events, long deadLetters, long milliseconds);

    [LoggerMessage(LogLevel.Information, "Counted {Events} events in {Milliseconds} ms")]
    public static partial void Aggregated(ILogger logger, long events, long milliseconds);

    [LoggerMessage(LogLevel.Warning, "A listener to {Count} stored events failed")]
    public static partial void NotificationFailed(ILogger logger, Exception exception, long count);

    [LoggerMessage(LogLevel.Error, "User events cannot be stored; the next try is in {Seconds} s")]
    public static partial void ConsumerFailed(ILogger logger, Exception exception, int seconds);

    [LoggerMessage(LogLevel.Error, "The run that stores and counts user events failed; the next one is due within {Interval}")]
    public static partial void RunFailed(ILogger logger, Exception exception, TimeSpan interval);

    [LoggerMessage(LogLevel.Information, "The consumer of user events has stopped")]
    public static partial void ConsumerStopped(ILogger logger);
}
