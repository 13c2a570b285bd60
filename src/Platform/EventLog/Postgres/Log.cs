using Microsoft.Extensions.Logging;

namespace Pipeline.EventLog.Postgres;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Warning, "A flush of {Records} records ({Bytes} bytes) failed (transient: {Transient}); their appends were told so")]
    public static partial void FlushFailed(ILogger logger, int records, int bytes, bool transient, Exception exception);

    [LoggerMessage(2, LogLevel.Warning, "The log's writer lost its connection: {Reason}")]
    public static partial void WriterDisconnected(ILogger logger, string reason);

    [LoggerMessage(3, LogLevel.Information, "The log's writer is connected again")]
    public static partial void WriterConnected(ILogger logger);

    [LoggerMessage(4, LogLevel.Warning, "The log's listener lost its connection: {Reason}; readers look for new records by themselves until it is back")]
    public static partial void ListenerDisconnected(ILogger logger, string reason);

    [LoggerMessage(5, LogLevel.Information, "Member {Member} joined group {Group} of topic {Topic}")]
    public static partial void Joined(ILogger logger, long member, string group, string topic);

    [LoggerMessage(6, LogLevel.Warning, "Member {Member} of group {Group}, topic {Topic}, lost its session; joining again")]
    public static partial void SessionLost(ILogger logger, long member, string group, string topic);

    [LoggerMessage(7, LogLevel.Warning, "The heartbeat of member {Member} of group {Group}, topic {Topic}, failed: {Reason}")]
    public static partial void HeartbeatFailed(ILogger logger, long member, string group, string topic, string reason);

    [LoggerMessage(8, LogLevel.Information, "Chunk {Chunk} of topic {Topic} was closed with {Bytes} bytes")]
    public static partial void ChunkClosed(ILogger logger, int chunk, string topic, long bytes);

    [LoggerMessage(9, LogLevel.Information, "Chunk {Chunk} of topic {Topic} was dropped with {Bytes} bytes ({Reason})")]
    public static partial void ChunkDropped(ILogger logger, int chunk, string topic, long bytes, string reason);

    [LoggerMessage(10, LogLevel.Warning, "Looking after the log's chunks failed: {Reason}; it is tried again")]
    public static partial void RetentionFailed(ILogger logger, string reason);

    [LoggerMessage(11, LogLevel.Information, "Member {Member} of group {Group}, topic {Topic}, holds partitions {Partitions}")]
    public static partial void Assigned(ILogger logger, long member, string group, string topic, string partitions);
}
