using Microsoft.Extensions.Logging;

namespace Pipeline.Workflows;

/// <summary>The log lines of the engine.</summary>
internal static partial class Log
{
    [LoggerMessage(LogLevel.Information, "Run {Run} of {Workflow} has ended: {State}")]
    public static partial void RunEnded(ILogger logger, long run, string workflow, string state);

    [LoggerMessage(LogLevel.Warning, "Task {Workflow}.{Task} of run {Run} failed in try {Try} (tried again: {Again}): {Reason}")]
    public static partial void TryFailed(ILogger logger, string workflow, long run, string task, int @try, bool again, string reason);

    [LoggerMessage(LogLevel.Error, "Task {Workflow}.{Task} of run {Run} broke in try {Try}: {Error}")]
    public static partial void TryBroke(ILogger logger, string workflow, long run, string task, int @try, string error);

    [LoggerMessage(LogLevel.Error, "Task {Workflow}.{Task} of run {Run} does not stop though it was asked to, and is left alone")]
    public static partial void TaskDoesNotStop(ILogger logger, string workflow, long run, string task);

    [LoggerMessage(LogLevel.Warning, "Another worker has task {Workflow}.{Task} of run {Run}, or may have it; what this one did counts for nothing")]
    public static partial void LeaseLost(ILogger logger, string workflow, long run, string task);

    [LoggerMessage(LogLevel.Warning, "{Count} tasks were taken from workers that were not heard of any more")]
    public static partial void LeasesExpired(ILogger logger, int count);

    [LoggerMessage(LogLevel.Information, "Slots of {Workflow} became {Count} runs, the first of them {Run}")]
    public static partial void SlotsPlanned(ILogger logger, string workflow, int count, long run);

    [LoggerMessage(LogLevel.Information, "Forgot {Count} runs that ended before {Before}")]
    public static partial void Purged(ILogger logger, int count, DateTimeOffset before);

    [LoggerMessage(LogLevel.Warning, "Files of run {Run} that no task recorded may stay in the lake: {Reason}")]
    public static partial void PurgeIncomplete(ILogger logger, long run, string reason);

    [LoggerMessage(LogLevel.Information, "{Count} workflows run by schedule")]
    public static partial void Scheduled(ILogger logger, int count);

    [LoggerMessage(LogLevel.Warning, "{Operation} failed and is tried again: {Reason}")]
    public static partial void Retrying(ILogger logger, string operation, string reason);

    [LoggerMessage(LogLevel.Error, "{Operation} failed; the next try is in {Seconds} s")]
    public static partial void LoopFailed(ILogger logger, Exception exception, string operation, double seconds);
}
