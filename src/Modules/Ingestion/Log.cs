using Microsoft.Extensions.Logging;

namespace Pipeline.Ingestion;

/// <summary>The log lines of the module. Refused requests are counted and listed, not logged: a client's mistake must not fill the log.</summary>
internal static partial class Log
{
    [LoggerMessage(LogLevel.Warning, "Idempotency keys could not be purged and will be later: {Reason}")]
    public static partial void PurgeDelayed(ILogger logger, string reason);

    [LoggerMessage(LogLevel.Warning, "{Keys} idempotency keys could not be reserved: {Reason}")]
    public static partial void ReservationsFailed(ILogger logger, int keys, string reason);

    [LoggerMessage(LogLevel.Warning, "Answers of {Keys} idempotency keys could not be stored and will be later: {Reason}")]
    public static partial void CompletionsDelayed(ILogger logger, int keys, string reason);

    [LoggerMessage(LogLevel.Warning, "Answers of {Keys} idempotency keys were not stored; repeats of their requests recover them from the log: {Reason}")]
    public static partial void CompletionsLost(ILogger logger, int keys, string reason);

    [LoggerMessage(LogLevel.Warning, "Idempotency key {Key} could not be held for longer: {Reason}")]
    public static partial void LeaseNotRenewed(ILogger logger, string key, string reason);

    [LoggerMessage(LogLevel.Warning, "{Path} cannot be taken now: {Reason}")]
    public static partial void Unavailable(ILogger logger, string path, string reason);

    [LoggerMessage(LogLevel.Error, "{Path} failed")]
    public static partial void Failed(ILogger logger, Exception exception, string path);

    [LoggerMessage(LogLevel.Critical, "The disk of {Folder} is nearly full: {Free} bytes are free, {Needed} must be. Nothing more is taken until there is space again")]
    public static partial void DiskShort(ILogger logger, string folder, long free, long needed);

    [LoggerMessage(LogLevel.Warning, "There is space again on the disk of {Folder}: {Free} bytes are free")]
    public static partial void DiskLarge(ILogger logger, string folder, long free);

    [LoggerMessage(LogLevel.Warning, "The free space on the disk of {Folder} is not known: {Reason}")]
    public static partial void DiskUnknown(ILogger logger, string folder, string reason);
}
