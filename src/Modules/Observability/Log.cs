using Microsoft.Extensions.Logging;

namespace Pipeline.Observability;

/// <summary>The log lines of the module.</summary>
internal static partial class Log
{
    [LoggerMessage(LogLevel.Warning, "Could not look at {What}; the live figures are old until that works again")]
    public static partial void LookFailed(ILogger logger, Exception exception, string what);
}
