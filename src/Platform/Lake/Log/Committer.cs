using Microsoft.Extensions.Logging;

namespace Pipeline.Lake;

/// <summary>What a commit holds, made for one snapshot.</summary>
internal sealed record CommitPlan(string Operation, IReadOnlyList<ActionLine> Actions)
{
    public IReadOnlyDictionary<string, string> Parameters { get; init; } = new Dictionary<string, string>();

    public IReadOnlyDictionary<string, string> Metrics { get; init; } = new Dictionary<string, string>();

    /// <summary>True where the commit only adds files and read nothing to do so.</summary>
    public bool IsBlindAppend { get; init; }
}

/// <summary>
/// The commit protocol: put-if-absent of the next version; whoever loses loads the winners' commits, has the plan made again for what the table
/// is now, and tries the version after.
/// </summary>
/// <remarks>
/// Conflicts are found by making the plan again: it sees the newest state and refuses (throws), gives up (null) or adapts. So a conflict rule
/// is a check of the operation against a snapshot and not a comparison of logs.
/// </remarks>
internal sealed class Committer(TableLog log, CheckpointFiles checkpoints, LakeOptions options, TimeProvider time, ILogger logger) : IDisposable
{
    private const int LongestPauseMilliseconds = 250;

    // Writers of this process take turns: only those of other processes can get in between.
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly LogCleanup _cleanup = new(log, time, logger);

    /// <summary>Commits what the plan says.</summary>
    /// <param name="plan">Makes the commit for the newest snapshot (null where there is no table yet); null commits nothing.</param>
    /// <param name="cancellationToken">Cancels before the commit is handed to the store; after it the outcome is awaited.</param>
    /// <returns>The snapshot after the commit, or the newest one and false where the plan gave up.</returns>
    /// <exception cref="TransientException">Too many attempts, or the store is away.</exception>
    public async ValueTask<(DeltaSnapshot? Snapshot, bool Committed)> CommitAsync(Func<DeltaSnapshot?, CommitPlan?> plan, CancellationToken cancellationToken)
    {
        using var activity = LakeTelemetry.Source.StartActivity("delta commit");
        activity?.SetTag("pipeline.table", log.Location.Path.Value);
        DeltaSnapshot? snapshot;
        bool committed;
        await _turn.WaitAsync(cancellationToken);
        try
        {
            (snapshot, committed) = await TryAsync(plan, cancellationToken);
        }
        finally
        {
            _turn.Release();
        }

        activity?.SetTag("pipeline.table.version", snapshot?.Version);
        activity?.SetTag("pipeline.table.committed", committed);
        if (committed)
            await AfterCommitAsync(snapshot!, cancellationToken);
        return (snapshot, committed);
    }

    /// <summary>Writes the checkpoint of a snapshot and removes what it makes superfluous.</summary>
    public async ValueTask CheckpointAsync(DeltaSnapshot snapshot, CancellationToken cancellationToken)
    {
        using var activity = LakeTelemetry.Source.StartActivity("delta checkpoint");
        activity?.SetTag("pipeline.table", log.Location.Path.Value);
        snapshot = WithoutExpiredTransactions(snapshot);
        var keep = time.GetUtcNow() - TableProperties.DeletedFilesKept(snapshot.Metadata);
        var written = await checkpoints.WriteAsync(snapshot, log.Paths.Checkpoint(snapshot.Version), keep, cancellationToken);
        if (await log.ReadLastCheckpointAsync(cancellationToken) is not { } last || last.Version <= written.Version)
        {
            var hint = System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(written, ActionJsonContext.Default.LastCheckpoint);
            await log.Location.Store.PutAsync(log.Paths.LastCheckpoint, hint, cancellationToken);
        }

        LakeTelemetry.Checkpoints.Add(1);
        logger.CheckpointWritten(log.Location.Path.Value, snapshot.Version, written.Size);
        await _cleanup.RunAsync(snapshot, cancellationToken);
    }

    public void Dispose() => _turn.Dispose();

    private async ValueTask<(DeltaSnapshot? Snapshot, bool Committed)> TryAsync(Func<DeltaSnapshot?, CommitPlan?> plan, CancellationToken cancellationToken)
    {
        var id = Guid.NewGuid().ToString();
        var snapshot = await log.LatestAsync(cancellationToken);
        for (var attempt = 1; ; attempt++)
        {
            if (snapshot is not null)
                ProtocolCheck.EnsureWritable(snapshot, log.Location.Path.Value);
            if (plan(snapshot) is not { } commit)
                return (snapshot, false);

            var info = Describe(commit, snapshot, id);
            var version = (snapshot?.Version ?? -1) + 1;
            if (await PutAsync(version, ActionJson.Write(info, commit.Actions), id, cancellationToken))
            {
                LakeTelemetry.Committed(commit.Actions);
                return (Apply(snapshot, version, info, commit), true);
            }

            LakeTelemetry.Conflicts.Add(1);
            logger.CommitConflict(log.Location.Path.Value, version, attempt);
            if (attempt == options.MaxCommitAttempts)
            {
                throw new TransientException(
                    $"Commit to Delta table '{log.Location.Path.Value}': other writers were first {attempt} times; gave up at version {version}.");
            }
            if (attempt > 1)
                await Task.Delay(Pause(attempt), time, cancellationToken);
            snapshot = snapshot is null
                ? log.Remember(await log.LoadAsync(null, cancellationToken))
                : (await log.FollowAsync(snapshot, cancellationToken)).Latest;
        }
    }

    // The store may have taken the commit although it reports an error or, after a retry of its own, that the commit is there: the id tells.
    private async ValueTask<bool> PutAsync(long version, byte[] content, string id, CancellationToken cancellationToken)
    {
        try
        {
            if (await log.Location.Store.PutIfAbsentAsync(log.Paths.Commit(version), content, CancellationToken.None))
                return true;
        }
        catch (TransientException)
        {
            if (await log.ReadCommitAsync(version, cancellationToken) is null)
                throw;
        }

        return (await log.ReadCommitAsync(version, cancellationToken))?.TransactionId == id;
    }

    private DeltaSnapshot Apply(DeltaSnapshot? snapshot, long version, CommitInfo info, CommitPlan commit)
    {
        var replay = new LogReplay(log.Location.Path.Value, snapshot?.State);
        replay.Apply(commit.Actions);
        var next = new DeltaSnapshot(log.Location, version, DateTimeOffset.FromUnixTimeMilliseconds(info.Timestamp), replay.Build());
        log.Remember(next);
        return next;
    }

    private CommitInfo Describe(CommitPlan commit, DeltaSnapshot? snapshot, string id) => new()
    {
        // Time goes forward along the versions even where the clocks of writers do not agree.
        Timestamp = Math.Max(time.GetUtcNow().ToUnixTimeMilliseconds(), (snapshot?.Timestamp.ToUnixTimeMilliseconds() + 1) ?? long.MinValue),
        Operation = commit.Operation,
        OperationParameters = commit.Parameters,
        OperationMetrics = commit.Metrics,
        ReadVersion = snapshot?.Version,
        IsBlindAppend = commit.IsBlindAppend,
        TxnId = id,
    };

    // Also what is kept in memory from here on, else it would grow for as long as the process lives.
    private DeltaSnapshot WithoutExpiredTransactions(DeltaSnapshot snapshot)
    {
        var state = snapshot.State.WithoutExpiredTransactions(time.GetUtcNow());
        if (ReferenceEquals(state, snapshot.State))
            return snapshot;
        var smaller = new DeltaSnapshot(snapshot.Location, snapshot.Version, snapshot.Timestamp, state);
        log.Remember(smaller);
        return smaller;
    }

    // The commit stands whatever happens here, so a failure is reported and the next checkpoint makes up for it.
    private async ValueTask AfterCommitAsync(DeltaSnapshot snapshot, CancellationToken cancellationToken)
    {
        var interval = TableProperties.Checkpoints(snapshot.Metadata, options.CheckpointInterval);
        if (snapshot.Version == 0 || snapshot.Version % interval != 0)
            return;
        try
        {
            await CheckpointAsync(snapshot, cancellationToken);
        }
        catch (Exception e) when (e is TransientException or TerminalException or OperationCanceledException)
        {
            logger.CheckpointFailed(e, log.Location.Path.Value, snapshot.Version);
        }
    }

    private static TimeSpan Pause(int attempt)
    {
        var limit = Math.Min(LongestPauseMilliseconds, 4 << Math.Min(attempt, 6));
#pragma warning disable CA5394 // Spreads retries out; nothing secret depends on it.
        return TimeSpan.FromMilliseconds(Random.Shared.Next(limit) + 1);
#pragma warning restore CA5394
    }
}
