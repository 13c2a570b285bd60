using Microsoft.Extensions.Logging;

namespace Pipeline.Analytics;

/// <summary>The log lines of the module.</summary>
internal static partial class Log
{
    [LoggerMessage(LogLevel.Debug, "repeat_purchases holds {Rows} rows of version {Version} now; it took {Milliseconds} ms")]
    public static partial void Refreshed(ILogger logger, long rows, long version, long milliseconds);

    [LoggerMessage(LogLevel.Warning, "repeat_purchases could not be refreshed and will be later: {Reason}")]
    public static partial void RefreshDelayed(ILogger logger, string reason);

    [LoggerMessage(LogLevel.Error, "repeat_purchases cannot be refreshed")]
    public static partial void RefreshFailed(ILogger logger, Exception exception);

    [LoggerMessage(
        LogLevel.Debug, "The order index holds {Rows} rows of version {Version}, {Added} of them new, {Repeated} repeated; it took {Milliseconds} ms")]
    public static partial void Indexed(ILogger logger, long rows, long version, long added, long repeated, long milliseconds);

    [LoggerMessage(LogLevel.Information, "The order index is built anew at version {Version}: {Reason}")]
    public static partial void IndexRebuilt(ILogger logger, long version, string reason);

    [LoggerMessage(LogLevel.Warning, "The query engine broke down and is opened anew: {Reason}")]
    public static partial void EngineLost(ILogger logger, string reason);

    [LoggerMessage(LogLevel.Debug, "The folder {Folder}, left by a process that ended, could not be removed: {Reason}")]
    public static partial void SpillKept(ILogger logger, string folder, string reason);
}
