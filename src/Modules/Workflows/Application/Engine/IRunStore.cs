using Pipeline.Workflows.Contracts;
using Pipeline.Workflows.Domain;

namespace Pipeline.Workflows.Application.Engine;

/// <summary>
/// Runs and their tasks, shared by all workers. Every change of a task that runs is a compare-and-set on its worker and its try: a worker whose lease is over
/// changes nothing. Errors are <see cref="TransientException"/> or <see cref="TerminalException"/>.
/// </summary>
internal interface IRunStore
{
    /// <summary>Keeps a definition for the runs of it; cheap where it is kept already.</summary>
    Task KeepAsync(WorkflowDefinition definition, CancellationToken cancellationToken);

    /// <summary>The files of a kept definition.</summary>
    Task<IReadOnlyDictionary<string, string>> GetFilesAsync(string workflow, string version, CancellationToken cancellationToken);

    /// <summary>Makes runs, one for each date; dates that are slots and have a run already are passed over.</summary>
    /// <returns>The new runs.</returns>
    Task<IReadOnlyList<long>> StartAsync(NewRuns runs, CancellationToken cancellationToken);

    /// <summary>Takes tasks that are ready, those of the oldest runs first.</summary>
    Task<IReadOnlyList<ClaimedTask>> ClaimAsync(string owner, int count, CancellationToken cancellationToken);

    /// <summary>
    /// Records how a try ended with all that follows from it, and takes at most <paramref name="claims"/> tasks that are ready,
    /// those of the same run first: one transaction.
    /// </summary>
    Task<FinishResult> FinishAsync(FinishedTry finished, int claims, CancellationToken cancellationToken);

    /// <summary>Prolongs the leases of a worker's tries.</summary>
    /// <returns>The tries that are still the worker's, and whether their run is to stop.</returns>
    Task<IReadOnlyDictionary<TryKey, bool>> RenewAsync(string owner, IReadOnlyCollection<TryKey> tries, CancellationToken cancellationToken);

    /// <summary>Adds lines to the log of a try that goes on, and tells how far it is. Nothing happens where the try is not the worker's any more.</summary>
    Task ReportAsync(string owner, TryKey key, IReadOnlyList<LogLine> lines, long rows, long bytes, CancellationToken cancellationToken);

    /// <summary>Does what time has made due: leases that are over, pauses before a next try, timeouts of runs.</summary>
    Task<SweepResult> SweepAsync(CancellationToken cancellationToken);

    /// <summary>Ends a run early. Tasks that run are told to stop; the run ends with the last of them.</summary>
    Task<StopResult> CancelAsync(long run, CancellationToken cancellationToken);

    /// <summary>Runs again what failed, was cancelled or never reached in a run that has ended.</summary>
    /// <returns>The state before; null where there is no such run. Nothing happened where it was not failed, cancelled or timed out.</returns>
    Task<RunState?> RetryAsync(long run, CancellationToken cancellationToken);

    /// <summary>Tells of tasks that became ready anywhere, and of runs that are to stop, until cancelled or the connection is lost.</summary>
    Task ListenAsync(Action ready, Action<long> stop, CancellationToken cancellationToken);
}
