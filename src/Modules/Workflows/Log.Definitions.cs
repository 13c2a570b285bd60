using Microsoft.Extensions.Logging;

namespace Pipeline.Workflows;

/// <summary>The log lines of the catalog.</summary>
internal static partial class Log
{
    [LoggerMessage(LogLevel.Information, "Workflow {Workflow} is there: version {Version}, {Tasks} tasks")]
    public static partial void WorkflowRead(ILogger logger, string workflow, string version, int tasks);

    [LoggerMessage(LogLevel.Warning, "Workflow {Workflow} is faulty and starts no runs: {Faults}")]
    public static partial void WorkflowFaulty(ILogger logger, string workflow, string faults);

    [LoggerMessage(LogLevel.Information, "Workflow {Workflow} is gone; its runs go on")]
    public static partial void WorkflowGone(ILogger logger, string workflow);

    [LoggerMessage(LogLevel.Warning, "The folder of workflows {Folder} cannot be read now: {Reason}")]
    public static partial void FolderUnreadable(ILogger logger, string folder, string reason);

    [LoggerMessage(LogLevel.Debug, "The folder of workflows {Folder} is not watched, only looked at now and then: {Reason}")]
    public static partial void NotWatched(ILogger logger, string folder, string reason);
}
