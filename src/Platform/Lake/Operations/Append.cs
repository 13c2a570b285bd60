namespace Pipeline.Lake;

/// <summary>A commit that adds files.</summary>
public sealed record DeltaAppend
{
    /// <summary>Files that <see cref="DeltaTable.WriteFilesAsync"/> made. None is allowed where there are <see cref="Transactions"/>.</summary>
    public IReadOnlyList<DeltaFile> Files { get; init; } = [];

    /// <summary>Positions to set with the commit, at most one of an application.</summary>
    public IReadOnlyList<DeltaTransaction> Transactions { get; init; } = [];

    /// <summary>The schema of the files where they bring columns that the table may lack: these are added. Null adds no column.</summary>
    public DeltaSchema? Schema { get; init; }

    /// <summary>What the history calls the commit.</summary>
    public string Operation { get; init; } = "WRITE";

    /// <summary>Further metrics for the history.</summary>
    public IReadOnlyDictionary<string, string>? Metrics { get; init; }
}

/// <summary>A position of an application, set by compare-and-set in the same commit as its data.</summary>
/// <param name="AppId">The application: for a sink, one of each partition that it reads.</param>
/// <param name="Expected">The position that the table must hold; null where it must hold none.</param>
/// <param name="Version">The new position.</param>
public sealed record DeltaTransaction(string AppId, long? Expected, long Version);

/// <summary>A position that is not what an append expected: another writer of the same application was there.</summary>
/// <param name="AppId">The application.</param>
/// <param name="Expected">What was expected.</param>
/// <param name="Actual">What the table holds; null where it holds none.</param>
public sealed record FencedTransaction(string AppId, long? Expected, long? Actual);

/// <summary>What became of an append.</summary>
/// <param name="Committed">False where nothing was committed because of <paramref name="Fenced"/>.</param>
/// <param name="Snapshot">The table after the commit; else as it is now.</param>
/// <param name="Fenced">The positions that were not as expected; empty where committed.</param>
public sealed record DeltaAppendResult(bool Committed, DeltaSnapshot Snapshot, IReadOnlyList<FencedTransaction> Fenced)
{
    /// <summary>The version after the commit; else the newest.</summary>
    public long Version => Snapshot.Version;
}

public sealed partial class DeltaTable
{
    /// <summary>
    /// Adds files and sets positions in one commit, whoever else writes. Where a position is not what was expected nothing is committed and the result
    /// tells what it is; the files are then of no use, see <see cref="DiscardFilesAsync"/>.
    /// </summary>
    /// <exception cref="TerminalException">There is no such table, or a file or column does not fit it.</exception>
    /// <exception cref="TransientException">
    /// Too many others committed first, or the store is away. Whether it was committed may be unknown then: with positions the same call may be
    /// repeated, and tells by being fenced.
    /// </exception>
    public async ValueTask<DeltaAppendResult> AppendAsync(DeltaAppend append, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(append);
        if (append.Files.Count == 0 && append.Transactions.Count == 0 && append.Schema is null)
            throw new ArgumentException("An append needs files, positions or a schema.", nameof(append));
        if (append.Transactions.DistinctBy(t => t.AppId).Count() != append.Transactions.Count)
            throw new ArgumentException("An append sets at most one position of an application.", nameof(append));

        List<FencedTransaction> fenced = [];
        var (snapshot, committed) = await _committer.CommitAsync(
            current =>
            {
                fenced = current is null ? throw NoTable() : Fenced(current, append.Transactions);
                return fenced.Count > 0 ? null : PlanAppend(current, append);
            },
            cancellationToken);
        return new DeltaAppendResult(committed, snapshot!, fenced);
    }

    /// <summary>Deletes files that were written but are certain not to be committed. What is left behind otherwise, vacuum removes.</summary>
    public async ValueTask DiscardFilesAsync(IReadOnlyCollection<DeltaFile> files, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(files);
        var snapshot = await _log.LatestAsync(cancellationToken);
        var paths = new List<ObjectPath>(files.Count);
        foreach (var file in files)
        {
            if (snapshot?.State.Files.ContainsKey(UriPath.Decode(file.Path)) == true)
                throw new TerminalException($"Discard: file '{file.Path}' is part of Delta table '{Path}'.");
            paths.Add(DataPath.Resolve(_location, file.Path));
        }

        await _location.Store.DeleteAsync(paths, cancellationToken);
    }

    private static List<FencedTransaction> Fenced(DeltaSnapshot snapshot, IReadOnlyList<DeltaTransaction> transactions)
    {
        var fenced = new List<FencedTransaction>();
        foreach (var transaction in transactions)
        {
            long? actual = snapshot.State.Transactions.TryGetValue(transaction.AppId, out var txn) ? txn.Version : null;
            if (actual != transaction.Expected)
                fenced.Add(new FencedTransaction(transaction.AppId, transaction.Expected, actual));
        }

        return fenced;
    }

    // Another writer may have added a column of the same name and of another type since the files were written.
    private void RefuseOtherColumns(DeltaSnapshot snapshot, IReadOnlyList<DeltaFile> files, DeltaSchema? addedSchema)
    {
        var schema = addedSchema is null ? snapshot.Schema : snapshot.Schema.MergeWith(addedSchema);
        DeltaSchema? seen = null;
        foreach (var file in files)
        {
            if (file.WrittenAs is null || ReferenceEquals(file.WrittenAs, seen))
                continue;
            seen = file.WrittenAs;
            if (!ReferenceEquals(schema.MergeWith(seen), schema))
                throw new TerminalException($"File '{file.Path}' has columns that Delta table '{Path}' lacks: name its schema in the commit to add them.");
        }
    }

    private CommitPlan PlanAppend(DeltaSnapshot snapshot, DeltaAppend append)
    {
        var actions = new List<ActionLine>(append.Files.Count + append.Transactions.Count + 1);
        AddSchema(actions, snapshot, append.Schema);
        AddTransactions(actions, append.Transactions);
        AddFiles(actions, snapshot, append.Files, append.Schema);
        return new CommitPlan(append.Operation, actions)
        {
            Parameters = new Dictionary<string, string> { ["mode"] = "Append", ["partitionBy"] = Parameters.List(snapshot.PartitionColumns) },
            Metrics = Parameters.Added(append.Files, append.Metrics),
            IsBlindAppend = true,
        };
    }

    // Made anew at each attempt: where another writer added columns meanwhile, these stay.
    private static void AddSchema(List<ActionLine> actions, DeltaSnapshot snapshot, DeltaSchema? schema)
    {
        if (schema is null)
            return;
        var merged = snapshot.Schema.MergeWith(schema);
        if (!ReferenceEquals(merged, snapshot.Schema))
            actions.Add(new ActionLine { MetaData = snapshot.Metadata with { SchemaString = merged.ToJson() } });
    }

    private void AddTransactions(List<ActionLine> actions, IReadOnlyList<DeltaTransaction> transactions)
    {
        var now = _time.GetUtcNow().ToUnixTimeMilliseconds();
        foreach (var transaction in transactions)
            actions.Add(new ActionLine { Txn = new Txn { AppId = transaction.AppId, Version = transaction.Version, LastUpdated = now } });
    }

    private void AddFiles(
        List<ActionLine> actions, DeltaSnapshot snapshot, IReadOnlyList<DeltaFile> files, DeltaSchema? addedSchema = null, bool dataChange = true)
    {
        RefuseOtherColumns(snapshot, files, addedSchema);
        foreach (var file in files)
        {
            if (snapshot.State.Files.ContainsKey(UriPath.Decode(file.Path)))
                throw new TerminalException($"File '{file.Path}' is in Delta table '{Path}' already: an earlier attempt committed it.");
            if (file.PartitionValues.Count != snapshot.PartitionColumns.Count || !snapshot.PartitionColumns.All(file.PartitionValues.ContainsKey))
            {
                throw new TerminalException(
                    $"File '{file.Path}' does not fit Delta table '{Path}', which is partitioned by ({string.Join(", ", snapshot.PartitionColumns)}).");
            }

            actions.Add(new ActionLine { Add = file with { DataChange = dataChange } });
        }
    }
}
