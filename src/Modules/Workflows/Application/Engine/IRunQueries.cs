using Pipeline.Workflows.Contracts;

namespace Pipeline.Workflows.Application.Engine;

/// <summary>What can be asked of runs.</summary>
internal interface IRunQueries
{
    /// <summary>What is known of workflows, by name; those without runs may be missing.</summary>
    /// <param name="name">Only of this one.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    Task<IReadOnlyDictionary<string, WorkflowRecord>> GetWorkflowsAsync(string? name, CancellationToken cancellationToken);

    /// <summary>Runs, the newest first.</summary>
    Task<IReadOnlyList<RunSummary>> ListAsync(ListRuns query, int limit, CancellationToken cancellationToken);

    /// <summary>A run as in a list; null where there is none.</summary>
    Task<RunSummary?> FindAsync(long run, CancellationToken cancellationToken);

    /// <summary>A run; null where there is none.</summary>
    Task<RunDetails?> GetAsync(long run, CancellationToken cancellationToken);

    /// <summary>What a task of a run left; null where there is nothing.</summary>
    Task<TaskOutput?> GetOutputAsync(long run, string task, CancellationToken cancellationToken);

    /// <summary>Lines of a run's log; null where there is no such run.</summary>
    Task<IReadOnlyList<RunLogLine>?> GetLogsAsync(GetRunLogs query, CancellationToken cancellationToken);

    /// <summary>A backfill; null where there is none.</summary>
    Task<BackfillDetails?> GetBackfillAsync(long backfill, CancellationToken cancellationToken);
}

/// <summary>What the store knows of a workflow.</summary>
/// <param name="Paused">Whether its schedule is paused.</param>
/// <param name="LastRun">Its newest run.</param>
internal sealed record WorkflowRecord(bool Paused, RunSummary? LastRun);
