namespace Pipeline.Lake;

/// <summary>What a vacuum removes.</summary>
public sealed record DeltaVacuum
{
    /// <summary>
    /// How long files stay after they left the table or were written without a commit; null is what the table says
    /// (<c>delta.deletedFileRetentionDuration</c>, seven days by default). Versions within it stay readable.
    /// </summary>
    public TimeSpan? Retention { get; init; }

    /// <summary>Allows a retention shorter than the table's. Then readers of older versions, and writers that take longer than it, lose files.</summary>
    public bool AllowShortRetention { get; init; }

    /// <summary>True deletes nothing and tells what it would.</summary>
    public bool DryRun { get; init; }
}

/// <summary>What a vacuum removed, or would.</summary>
/// <param name="Files">The paths of the files, relative to the table.</param>
/// <param name="Bytes">Their size.</param>
/// <param name="StagingFiles">How many temporary files of crashed writers.</param>
public sealed record DeltaVacuumResult(IReadOnlyList<string> Files, long Bytes, int StagingFiles);

public sealed partial class DeltaTable
{
    private const int DeleteBatch = 1000;

    private static readonly TimeSpan _longestWrite = TimeSpan.FromDays(1);

    /// <summary>
    /// Deletes files that no version within the retention names: those removed longer ago, and those that crashed writers left. Files of the newest version
    /// are never touched.
    /// </summary>
    /// <exception cref="TerminalException">The retention is shorter than the table's and that was not allowed, or longer than the log knows.</exception>
    public async ValueTask<DeltaVacuumResult> VacuumAsync(DeltaVacuum? vacuum = null, CancellationToken cancellationToken = default)
    {
        vacuum ??= new DeltaVacuum();
        // The listing comes first: what is committed while it runs is in the snapshot then.
        var listed = await ListDataAsync(cancellationToken);
        var snapshot = await SnapshotAsync(cancellationToken);
        ProtocolCheck.EnsureWritable(snapshot, Path);
        var retention = RetentionOf(vacuum, snapshot);
        var limit = _time.GetUtcNow() - retention;
        var kept = Kept(snapshot, limit);
        var expired = listed.Where(i => i.LastModified < limit && !kept.Contains(i.Path.Value)).ToList();
        if (!vacuum.DryRun)
        {
            foreach (var batch in expired.Chunk(DeleteBatch))
                await _location.Store.DeleteAsync([.. batch.Select(i => i.Path)], cancellationToken);
        }

        var staging = await _location.Store.CleanStagingAsync(retention > _longestWrite ? retention : _longestWrite, vacuum.DryRun, cancellationToken);
        var result = new DeltaVacuumResult([.. expired.Select(i => i.Path.RelativeTo(_location.Path))], expired.Sum(i => i.Size), staging);
        if (!vacuum.DryRun)
            _logger.Vacuumed(Path, result.Files.Count, result.Bytes, staging);
        return result;
    }

    // A table below this one keeps its own files.
    private async ValueTask<List<ObjectInfo>> ListDataAsync(CancellationToken cancellationToken)
    {
        const string InnerLog = "/_delta_log/";
        var listed = new List<ObjectInfo>();
        var inner = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var info in _location.Store.ListAsync(_location.Path, null, cancellationToken))
        {
            var relative = info.Path.RelativeTo(_location.Path);
            if (relative.IndexOf(InnerLog, StringComparison.Ordinal) is var log and > 0)
                inner.Add(relative[..(log + 1)]);
            if (!IsHidden(relative))
                listed.Add(info);
        }

        if (inner.Count > 0)
            listed.RemoveAll(i => inner.Any(t => i.Path.RelativeTo(_location.Path).StartsWith(t, StringComparison.Ordinal)));
        return listed;
    }

    private TimeSpan RetentionOf(DeltaVacuum vacuum, DeltaSnapshot snapshot)
    {
        var kept = TableProperties.DeletedFilesKept(snapshot.Metadata);
        var retention = vacuum.Retention ?? kept;
        if (retention < TimeSpan.Zero || (retention < kept && !vacuum.AllowShortRetention))
        {
            throw new TerminalException(
                $"Vacuum of Delta table '{Path}': the table keeps deleted files for {kept}; "
                + $"a retention of {retention} must be allowed by AllowShortRetention.");
        }

        // Checkpoints forget tombstones after that time, so what was deleted before is no longer known.
        return retention <= kept
            ? retention
            : throw new TerminalException(
                $"Vacuum of Delta table '{Path}': a retention of {retention} is longer than the table keeps deleted files, {kept}; "
                + $"set {TableProperties.DeletedFileRetention} to it first.");
    }

    private HashSet<string> Kept(DeltaSnapshot snapshot, DateTimeOffset limit)
    {
        var kept = new HashSet<string>(StringComparer.Ordinal);
        foreach (var file in snapshot.State.Files.Values)
            Add(file.Path);
        foreach (var file in snapshot.State.Tombstones.Values)
        {
            if ((file.DeletionTimestamp ?? long.MaxValue) >= limit.ToUnixTimeMilliseconds())
                Add(file.Path);
        }

        return kept;

        // What lies outside the lake is not listed either.
        void Add(string path)
        {
            if (DataPath.TryResolve(_location, path) is { } resolved)
                kept.Add(resolved.Value);
        }
    }

    // Hidden are the log and what other programs put under names of their own; folders of partitions are not, whatever their column is called.
    private static bool IsHidden(string relative)
    {
        foreach (var range in relative.AsSpan().Split('/'))
        {
            var segment = relative.AsSpan(range);
            if (segment[0] is '_' or '.' && !segment.Contains('='))
                return true;
        }

        return false;
    }
}
