using Microsoft.Extensions.Logging;

namespace Pipeline.Purchases;

/// <summary>The log lines of the module.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Debug, "{Rows} orders landed in version {Version} within {Milliseconds} ms")]
    public static partial void Landed(ILogger logger, long rows, long version, double milliseconds);

    [LoggerMessage(2, LogLevel.Warning, "{Count} records are not orders: they are in topic {Topic} with the reasons")]
    public static partial void DeadLetters(ILogger logger, int count, string topic);

    [LoggerMessage(3, LogLevel.Information, "A landing of {Records} records was dropped: another worker landed them")]
    public static partial void Fenced(ILogger logger, long records);

    [LoggerMessage(4, LogLevel.Error, "A listener failed on the orders of version {Version}, which are landed all the same")]
    public static partial void ListenerFailed(ILogger logger, Exception exception, long version);

    [LoggerMessage(5, LogLevel.Warning, "Landing orders failed and is tried again in {Seconds} s: {Reason}")]
    public static partial void Retrying(ILogger logger, double seconds, string reason);

    [LoggerMessage(6, LogLevel.Error, "Landing orders failed; it is tried again in {Seconds} s, but needs a person")]
    public static partial void Stuck(ILogger logger, Exception exception, double seconds);

    [LoggerMessage(7, LogLevel.Error, "The log dropped offsets {From} to {To} of partition {Partition} before they were landed: they are lost")]
    public static partial void RecordsGone(ILogger logger, int partition, long from, long to);

    [LoggerMessage(8, LogLevel.Information, "{Records} records were dropped at shutdown and will be read again: {Reason}")]
    public static partial void DroppedAtStop(ILogger logger, long records, string reason);

    [LoggerMessage(10, LogLevel.Warning, "{Request} failed and is tried again at the next interval")]
    public static partial void MaintenanceFailed(ILogger logger, Exception exception, string request);

    [LoggerMessage(11, LogLevel.Information, "Landing starts at {Positions}")]
    public static partial void Starts(ILogger logger, string positions);

    [LoggerMessage(12, LogLevel.Information, "Landing waits for topic {Topic}, which ingestion creates")]
    public static partial void WaitsForTopic(ILogger logger, string topic);
}
