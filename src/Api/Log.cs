namespace Pipeline.Api;

/// <summary>The log lines of the host.</summary>
internal static partial class Log
{
    [LoggerMessage(LogLevel.Critical, "The host cannot start: {Reason}")]
    public static partial void CannotStart(ILogger logger, string reason);
}
