using Microsoft.Extensions.Logging;

namespace Pipeline.DeadLetters;

/// <summary>The log lines of the module; no payloads.</summary>
internal static partial class Log
{
    [LoggerMessage(LogLevel.Information, "Dead letters: {Replayed} replayed, {NotReplayed} not, asked for by '{By}'")]
    public static partial void Replayed(ILogger logger, int replayed, int notReplayed, string by);

    [LoggerMessage(LogLevel.Information, "Dead letters: {Discarded} discarded, asked for by '{By}'")]
    public static partial void Discarded(ILogger logger, int discarded, string by);
}
