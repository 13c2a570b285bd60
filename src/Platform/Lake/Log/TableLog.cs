using System.Text.Json;

namespace Pipeline.Lake;

/// <summary>
/// Reads the log of one table. Keeps the newest snapshot that it saw, so that a refresh reads only the commits after it.
/// </summary>
internal sealed class TableLog(TableLocation location, CheckpointFiles checkpoints, TimeProvider time)
{
    // A cached snapshot that nobody asked for longer than this may be older than the log's oldest commit.
    private static readonly TimeSpan _trustCached = TimeSpan.FromHours(1);

    private const int ReadAhead = 8;
    private const int LoadAttempts = 3;

    private readonly Lock _gate = new();
    private DeltaSnapshot? _latest;
    private DateTimeOffset _checked;
    private (TableSummary Summary, DateTimeOffset Written)? _summary;

    public LogPaths Paths { get; } = new(location.Path);

    public TableLocation Location => location;

    private string Table => location.Path.Value;

    /// <summary>The newest version; null where the table does not exist.</summary>
    public async ValueTask<DeltaSnapshot?> LatestAsync(CancellationToken cancellationToken)
    {
        var (cached, trusted) = Cached();
        if (cached is null || !trusted)
            return Remember(await LoadAsync(null, cancellationToken));
        var (latest, _) = await FollowAsync(cached, cancellationToken);
        return latest;
    }

    /// <summary>The figures of the newest version; null where the table does not exist. A snapshot that is not kept already is not kept for this.</summary>
    public async ValueTask<TableSummary?> SummariseAsync(CancellationToken cancellationToken)
    {
        if (Cached() is { Snapshot: not null, Trusted: true })
            return await LatestAsync(cancellationToken) is { } latest ? TableSummary.Of(latest) : null;
        (TableSummary Summary, DateTimeOffset Written)? known;
        lock (_gate)
            known = _summary;

        // A table that was made anew in the same place may have the same version, but not written at the same time.
        if (known is { } last && await WrittenAsync(last.Summary.Version, cancellationToken) == last.Written && await WrittenAsync(last.Summary.Version + 1, cancellationToken) is null)
            return last.Summary;
        var snapshot = await LoadAsync(null, cancellationToken);
        known = snapshot is not null && await WrittenAsync(snapshot.Version, cancellationToken) is { } written ? (TableSummary.Of(snapshot), written) : null;
        lock (_gate)
            _summary = known;
        return snapshot is null ? null : TableSummary.Of(snapshot);
    }

    /// <summary>Applies the commits that came after a snapshot.</summary>
    /// <returns>The newest snapshot, and those commits.</returns>
    public async ValueTask<(DeltaSnapshot Latest, IReadOnlyList<Commit> Commits)> FollowAsync(DeltaSnapshot from, CancellationToken cancellationToken)
    {
        var commits = new List<Commit>();
        while (await ReadCommitAsync(from.Version + commits.Count + 1, cancellationToken) is { } commit)
            commits.Add(commit);
        if (commits.Count == 0)
        {
            Remember(from);
            return (from, commits);
        }

        var replay = new LogReplay(Table, from.State);
        foreach (var commit in commits)
            replay.Apply(commit.Actions);
        var latest = new DeltaSnapshot(location, commits[^1].Version, commits[^1].Timestamp ?? from.Timestamp, replay.Build());
        return (Remember(latest)!, commits);
    }

    /// <summary>The snapshot of a version, or of the newest one.</summary>
    /// <returns>The snapshot; null where there is no table.</returns>
    /// <exception cref="TerminalException">The version is not there, or the table cannot be read.</exception>
    public async ValueTask<DeltaSnapshot?> LoadAsync(long? version, CancellationToken cancellationToken)
    {
        if (version is { } wanted && Cached().Snapshot is { } cached && cached.Version == wanted)
            return cached;
        for (var attempt = 1; ; attempt++)
        {
            var segment = await FindSegmentAsync(version, cancellationToken);
            if (segment is null)
                return null;
            if (await ReadSegmentAsync(segment, cancellationToken) is { } snapshot)
                return snapshot;
            if (attempt == LoadAttempts)
                throw new TransientException($"Read of Delta table '{Table}': files of its log vanish while it is read.");
        }
    }

    /// <summary>Reads one commit; null where there is none.</summary>
    public async ValueTask<Commit?> ReadCommitAsync(long version, CancellationToken cancellationToken)
    {
        var path = Paths.Commit(version);
        var content = await location.Store.TryReadAllAsync(path, cancellationToken);
        return content is null ? null : Commit.Read(version, content, path.Value);
    }

    /// <summary>All files of the log from a version on, in order.</summary>
    public async ValueTask<List<LogFile>> ListAsync(long fromVersion, CancellationToken cancellationToken)
    {
        var files = new List<LogFile>();
        await foreach (var info in location.Store.ListAsync(Paths.Folder, Paths.Before(fromVersion), cancellationToken))
        {
            if (info.Path.Parent == Paths.Folder)
                files.Add(LogPaths.Parse(info));
        }

        return files;
    }

    /// <summary>What <c>_last_checkpoint</c> says; null where it is not there or cannot be read: it is a hint only.</summary>
    public async ValueTask<LastCheckpoint?> ReadLastCheckpointAsync(CancellationToken cancellationToken)
    {
        var content = await location.Store.TryReadAllAsync(Paths.LastCheckpoint, cancellationToken);
        if (content is null)
            return null;
        try
        {
            return JsonSerializer.Deserialize(content, ActionJsonContext.Default.LastCheckpoint);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Keeps a snapshot if it is the newest so far, and returns it or the newer one.</summary>
    public DeltaSnapshot? Remember(DeltaSnapshot? snapshot)
    {
        if (snapshot is null)
            return null;
        lock (_gate)
        {
            _checked = time.GetUtcNow();
            if (_latest is null || snapshot.Version >= _latest.Version || snapshot.Id != _latest.Id)
                _latest = snapshot;
            return _latest;
        }
    }

    /// <summary>When a commit was written; null where there is none.</summary>
    private async ValueTask<DateTimeOffset?> WrittenAsync(long version, CancellationToken cancellationToken) =>
        (await location.Store.HeadAsync(Paths.Commit(version), cancellationToken))?.LastModified;

    private (DeltaSnapshot? Snapshot, bool Trusted) Cached()
    {
        lock (_gate)
            return (_latest, time.GetUtcNow() - _checked < _trustCached);
    }

    private async ValueTask<LogSegment?> FindSegmentAsync(long? version, CancellationToken cancellationToken)
    {
        var hint = await ReadLastCheckpointAsync(cancellationToken);
        if (hint is { Version: >= 0 } && !(hint.Version > version))
        {
            var recent = await ListAsync(hint.Version, cancellationToken);
            if (LogSegment.NewestCheckpoint(recent, version).Version != LogSegment.NoCheckpoint
                && LogSegment.Of(recent, version, Table) is { } segment)
                return segment;
        }

        return LogSegment.Of(await ListAsync(0, cancellationToken), version, Table);
    }

    private async ValueTask<DeltaSnapshot?> ReadSegmentAsync(LogSegment segment, CancellationToken cancellationToken)
    {
        var replay = new LogReplay(Table);
        if (segment.CheckpointParts.Count > 0)
            replay.Apply(await checkpoints.ReadAsync(location.Store, segment.CheckpointParts, cancellationToken));

        Commit? last = null;
        var version = segment.CheckpointVersion;
        foreach (var batch in segment.Commits.Chunk(ReadAhead))
        {
            var reads = batch.Select(info => location.Store.TryReadAllAsync(info.Path, cancellationToken).AsTask()).ToArray();
            var contents = await Task.WhenAll(reads);
            for (var i = 0; i < batch.Length; i++)
            {
                if (contents[i] is null)
                    return null;
                last = Commit.Read(++version, contents[i]!, batch[i].Path.Value);
                replay.Apply(last.Actions);
            }
        }

        var timestamp = last?.Timestamp ?? await TimestampAsync(segment, cancellationToken);
        return new DeltaSnapshot(location, segment.Version, timestamp, replay.Build().WithoutExpiredTransactions(time.GetUtcNow()));
    }

    private async ValueTask<DateTimeOffset> TimestampAsync(LogSegment segment, CancellationToken cancellationToken)
    {
        if (await ReadCommitAsync(segment.Version, cancellationToken) is { Timestamp: { } committed })
            return committed;
        var file = segment.Commits.Count > 0 ? segment.Commits[^1].Path : segment.CheckpointParts[0];
        return (await location.Store.HeadAsync(file, cancellationToken))?.LastModified ?? DateTimeOffset.UnixEpoch;
    }
}

/// <summary>A commit as read.</summary>
/// <param name="Version">Its version.</param>
/// <param name="Actions">Its actions, <c>commitInfo</c> among them.</param>
internal sealed record Commit(long Version, IReadOnlyList<ActionLine> Actions)
{
    public JsonElement? Info { get; } = Actions.FirstOrDefault(a => a.CommitInfo is not null)?.CommitInfo;

    /// <summary>When it was committed, by the clock of its writer; null where it does not say.</summary>
    public DateTimeOffset? Timestamp =>
        Info is { ValueKind: JsonValueKind.Object } info && info.TryGetProperty("timestamp", out var at)
            && at.ValueKind == JsonValueKind.Number && at.TryGetInt64(out var milliseconds)
            && milliseconds is > -62_135_596_800_000 and < 253_402_300_800_000
            ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)
            : null;

    /// <summary>The id of the attempt that wrote it; null where it does not say.</summary>
    public string? TransactionId =>
        Info is { ValueKind: JsonValueKind.Object } info && info.TryGetProperty("txnId", out var id) && id.ValueKind == JsonValueKind.String
            ? id.GetString()
            : null;

    public static Commit Read(long version, ReadOnlySpan<byte> content, string source) => new(version, ActionJson.Read(content, source));
}
