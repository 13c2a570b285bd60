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

    [LoggerMessage(LogLevel.Warning, "{Path} cannot be taken now: {Reason}")]
    public static partial void Unavailable(ILogger logger, string path, string reason);

    [LoggerMessage(LogLevel.Error, "{Path} failed")]
    public static partial void Failed(ILogger logger, Exception exception, string path);
}
