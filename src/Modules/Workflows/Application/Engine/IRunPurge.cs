namespace Pipeline.Workflows.Application.Engine;

/// <summary>Forgets runs that ended long ago.</summary>
internal interface IRunPurge
{
    /// <summary>
    /// Takes some runs, lets the caller delete what they left, then deletes them with tasks, tries and logs. Several workers take different ones.
    /// </summary>
    /// <param name="endedBefore">Only runs that ended before.</param>
    /// <param name="limit">The most runs.</param>
    /// <param name="deleteFiles">Deletes what a run left; where it fails, nothing is forgotten.</param>
    /// <param name="cancellationToken">Cancels the work.</param>
    /// <returns>How many runs were forgotten.</returns>
    Task<int> PurgeAsync(DateTimeOffset endedBefore, int limit, Func<PurgedRun, Task> deleteFiles, CancellationToken cancellationToken);

    /// <summary>Forgets definitions without runs, and backfills without.</summary>
    /// <param name="madeBefore">Only those made before.</param>
    /// <param name="current">The versions that workflows have now, which stay.</param>
    /// <param name="cancellationToken">Cancels the work.</param>
    Task PurgeDefinitionsAsync(DateTimeOffset madeBefore, IReadOnlyCollection<string> current, CancellationToken cancellationToken);
}

/// <summary>A run that is to be forgotten.</summary>
/// <param name="Facts">The run.</param>
/// <param name="Version">The version of its definition.</param>
/// <param name="Files">The paths in the lake that its tasks recorded.</param>
internal sealed record PurgedRun(RunFacts Facts, string Version, IReadOnlyList<string> Files);
