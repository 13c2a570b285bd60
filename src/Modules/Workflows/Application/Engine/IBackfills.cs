namespace Pipeline.Workflows.Application.Engine;

/// <summary>Backfills: runs that belong together.</summary>
internal interface IBackfills
{
    /// <summary>Makes a backfill and its runs: one transaction.</summary>
    /// <param name="runs">The runs.</param>
    /// <param name="from">The first moment of the range.</param>
    /// <param name="to">The last moment of the range.</param>
    /// <param name="concurrency">How many of its runs may go at once.</param>
    /// <param name="cancellationToken">Cancels the work.</param>
    /// <returns>Its number.</returns>
    Task<long> StartAsync(NewRuns runs, DateTimeOffset from, DateTimeOffset to, int concurrency, CancellationToken cancellationToken);

    /// <summary>Cancels the runs of a backfill whose turn has not come.</summary>
    /// <returns>Its runs that run, to be cancelled one by one; null where there is no such backfill.</returns>
    Task<IReadOnlyList<long>?> CancelAsync(long backfill, CancellationToken cancellationToken);
}
