namespace Pipeline.Lake;

/// <summary>What an overwrite replaces.</summary>
public enum OverwriteScope
{
    /// <summary>All rows of the table.</summary>
    Table,

    /// <summary>The rows of those partitions that the new files are in; other partitions stay.</summary>
    Partitions,
}

/// <summary>A commit that puts files in the place of others.</summary>
public sealed record DeltaOverwrite
{
    /// <summary>Files that <see cref="DeltaTable.WriteFilesAsync"/> made. None empties the table.</summary>
    public IReadOnlyList<DeltaFile> Files { get; init; } = [];

    /// <summary>What is replaced.</summary>
    public OverwriteScope Scope { get; init; }

    /// <summary>
    /// The version that the new rows were computed from, where they were: what others changed in the replaced part since is then a conflict. Null replaces
    /// whatever is there at the time of the commit.
    /// </summary>
    public DeltaSnapshot? BasedOn { get; init; }

    /// <summary>The schema of the files where they bring columns that the table may lack: these are added.</summary>
    public DeltaSchema? Schema { get; init; }

    /// <summary>Positions to set with the commit.</summary>
    public IReadOnlyList<DeltaTransaction> Transactions { get; init; } = [];

    /// <summary>Further metrics for the history.</summary>
    public IReadOnlyDictionary<string, string>? Metrics { get; init; }
}

public sealed partial class DeltaTable
{
    /// <summary>Replaces all rows, or those of some partitions, in one commit: readers see the old rows or the new ones.</summary>
    /// <returns>As an append's: fenced where a position was not as expected.</returns>
    /// <exception cref="DeltaConflictException">Others changed what the new rows were computed from.</exception>
    /// <exception cref="TerminalException">There is no such table, it is append-only, or a file does not fit it.</exception>
    public async ValueTask<DeltaAppendResult> OverwriteAsync(DeltaOverwrite overwrite, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(overwrite);
        List<FencedTransaction> fenced = [];
        var (snapshot, committed) = await _committer.CommitAsync(
            current =>
            {
                fenced = current is null ? throw NoTable() : Fenced(current, overwrite.Transactions);
                return fenced.Count > 0 ? null : PlanOverwrite(current, overwrite);
            },
            cancellationToken);
        return new DeltaAppendResult(committed, snapshot!, fenced);
    }

    private CommitPlan PlanOverwrite(DeltaSnapshot snapshot, DeltaOverwrite overwrite)
    {
        RefuseAppendOnly(snapshot, "Overwrite of");
        var replaces = Replaced(snapshot, overwrite);
        if (overwrite.BasedOn is { } based)
            RefuseChanged(based, snapshot, replaces);
        var removed = snapshot.Files.Where(replaces).ToList();
        var actions = new List<ActionLine>(removed.Count + overwrite.Files.Count + 1);
        AddSchema(actions, snapshot, overwrite.Schema);
        AddTransactions(actions, overwrite.Transactions);
        RemoveFiles(actions, removed, dataChange: true);
        AddFiles(actions, snapshot, overwrite.Files, overwrite.Schema);
        var metrics = Parameters.Added(overwrite.Files, overwrite.Metrics);
        metrics["numRemovedFiles"] = Parameters.Number(removed.Count);
        return new CommitPlan("WRITE", actions)
        {
            Parameters = new Dictionary<string, string>
            {
                ["mode"] = "Overwrite",
                ["partitionBy"] = Parameters.List(snapshot.PartitionColumns),
                ["partitionOverwriteMode"] = overwrite.Scope == OverwriteScope.Table ? "static" : "dynamic",
            },
            Metrics = metrics,
        };
    }

    private static Func<DeltaFile, bool> Replaced(DeltaSnapshot snapshot, DeltaOverwrite overwrite)
    {
        if (overwrite.Scope == OverwriteScope.Table)
            return static _ => true;
        var partitions = overwrite.Files.Select(f => PartitionValue.Key(snapshot.PartitionColumns, f)).ToHashSet(StringComparer.Ordinal);
        return file => partitions.Contains(PartitionValue.Key(snapshot.PartitionColumns, file));
    }

    private void RefuseAppendOnly(DeltaSnapshot snapshot, string operation)
    {
        if (TableProperties.IsAppendOnly(snapshot.Metadata))
            throw new TerminalException($"{operation} Delta table '{Path}': it is append-only ({TableProperties.AppendOnly}).");
    }

    // Rearranged files (compaction) are no change of rows, unless a file that counts on here was among them.
    private void RefuseChanged(DeltaSnapshot based, DeltaSnapshot current, Func<DeltaFile, bool> concerns)
    {
        if (based.Version == current.Version)
            return;
        var added = current.State.Files.FirstOrDefault(f => f.Value.DataChange && concerns(f.Value) && !based.State.Files.ContainsKey(f.Key));
        if (added.Key is not null)
            throw Changed(based, $"added '{added.Key}'");
        var removed = based.State.Files.FirstOrDefault(
            f => concerns(f.Value) && !current.State.Files.ContainsKey(f.Key)
                && (!current.State.Tombstones.TryGetValue(f.Key, out var tombstone) || tombstone.DataChange));
        if (removed.Key is not null)
            throw Changed(based, $"removed '{removed.Key}'");
    }

    private DeltaConflictException Changed(DeltaSnapshot based, string how) =>
        new($"Commit to Delta table '{Path}': another writer {how} after version {based.Version}, which this was based on.");

    private void RemoveFiles(List<ActionLine> actions, IEnumerable<DeltaFile> files, bool dataChange)
    {
        var now = _time.GetUtcNow();
        foreach (var file in files)
            actions.Add(new ActionLine { Remove = RemoveFile.Of(file, now, dataChange) });
    }
}
