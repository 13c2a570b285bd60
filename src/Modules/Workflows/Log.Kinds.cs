using Microsoft.Extensions.Logging;

namespace Pipeline.Workflows;

/// <summary>The log lines of the kinds of tasks.</summary>
internal static partial class Log
{
    [LoggerMessage(LogLevel.Warning, "The SQL engine of the workflows broke down and is opened anew: {Reason}")]
    public static partial void EngineLost(ILogger logger, string reason);

    [LoggerMessage(LogLevel.Information, "A statement of a workflow ran out of memory and runs again alone, on one thread: {Reason}")]
    public static partial void OutOfMemory(ILogger logger, string reason);

    [LoggerMessage(LogLevel.Debug, "The folder {Folder}, into which the SQL engine spilled, could not be removed; it is cleaned up later")]
    public static partial void SpillKept(ILogger logger, string folder);
}
