using System.Collections.Immutable;

namespace Pipeline.Lake;

/// <summary>
/// What the replay of a log up to a version gives ("Action Reconciliation"). Persistent collections make the next version cost only its own actions.
/// </summary>
internal sealed record SnapshotState(
    Protocol Protocol,
    Metadata Metadata,
    DeltaSchema Schema,
    ImmutableDictionary<string, DeltaFile> Files,
    ImmutableDictionary<string, RemoveFile> Tombstones,
    ImmutableDictionary<string, Txn> Transactions)
{
    private ImmutableDictionary<string, long>? _versions;

    public IReadOnlyDictionary<string, long> TransactionVersions => _versions ??= Transactions.ToImmutableDictionary(t => t.Key, t => t.Value.Version);

    /// <summary>
    /// This state without the positions that were last set longer ago than the table keeps them (<c>delta.setTransactionRetentionDuration</c>); those without a time
    /// are expired too, as in other implementations. Returns this same object where none is.
    /// </summary>
    public SnapshotState WithoutExpiredTransactions(DateTimeOffset now)
    {
        if (Transactions.IsEmpty || TableProperties.TransactionsKept(Metadata) is not { } kept)
            return this;
        var limit = (now - kept).ToUnixTimeMilliseconds();
        var expired = Transactions.Values.Where(t => (t.LastUpdated ?? long.MinValue) <= limit).Select(t => t.AppId).ToList();
        return expired.Count == 0 ? this : this with { Transactions = Transactions.RemoveRange(expired), _versions = null };
    }

    // The cached view is not part of the value.
    public bool Equals(SnapshotState? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);
}

/// <summary>Applies actions in the order of their versions.</summary>
internal sealed class LogReplay
{
    private readonly string _table;
    private readonly ImmutableDictionary<string, DeltaFile>.Builder _files;
    private readonly ImmutableDictionary<string, RemoveFile>.Builder _tombstones;
    private readonly ImmutableDictionary<string, Txn>.Builder _transactions;
    private Protocol? _protocol;
    private Metadata? _metadata;
    private DeltaSchema? _schema;

    public LogReplay(string table, SnapshotState? from = null)
    {
        _table = table;
        _protocol = from?.Protocol;
        _metadata = from?.Metadata;
        _schema = from?.Schema;
        _files = (from?.Files ?? ImmutableDictionary.Create<string, DeltaFile>(StringComparer.Ordinal)).ToBuilder();
        _tombstones = (from?.Tombstones ?? ImmutableDictionary.Create<string, RemoveFile>(StringComparer.Ordinal)).ToBuilder();
        _transactions = (from?.Transactions ?? ImmutableDictionary.Create<string, Txn>(StringComparer.Ordinal)).ToBuilder();
    }

    /// <summary>Applies the actions of one commit, or those of a checkpoint. The protocol comes first, so that nothing is read wrongly.</summary>
    public void Apply(IReadOnlyList<ActionLine> actions)
    {
        foreach (var action in actions)
        {
            if (action.Protocol is null)
                continue;
            _protocol = action.Protocol;
            ProtocolCheck.EnsureReadable(_protocol, _table);
        }

        // Within a commit the order does not count: a path may be removed and added again only as two logical files, which need a feature.
        foreach (var action in actions)
        {
            if (action.Remove is { } removed)
                Apply(removed);
        }

        foreach (var action in actions)
        {
            if (action.Add is { } added)
                Apply(added);
            else if (action.MetaData is { } metadata)
                _metadata = metadata;
            else if (action.Txn is { } txn)
                _transactions[txn.AppId] = txn;
        }
    }

    public SnapshotState Build()
    {
        var protocol = _protocol ?? throw new TerminalException($"Delta table '{_table}' cannot be read: its log has no protocol action.");
        var metadata = _metadata ?? throw new TerminalException($"Delta table '{_table}' cannot be read: its log has no metaData action.");
        if (!string.Equals(metadata.Format.Provider, "parquet", StringComparison.OrdinalIgnoreCase))
            throw new TerminalException($"Delta table '{_table}' cannot be read: its files are {metadata.Format.Provider}, not parquet.");
        if (_schema is null || _written != metadata.SchemaString)
        {
            _schema = DeltaSchema.Parse(metadata.SchemaString);
            _written = metadata.SchemaString;
        }

        foreach (var column in metadata.PartitionColumns)
        {
            if (_schema.Find(column) is null)
                throw new TerminalException($"Delta table '{_table}' cannot be read: partition column '{column}' is not in its schema.");
        }

        return new SnapshotState(protocol, metadata, _schema, _files.ToImmutable(), _tombstones.ToImmutable(), _transactions.ToImmutable());
    }

    private string? _written;

    private void Apply(DeltaFile file)
    {
        if (file.DeletionVector is { ValueKind: not System.Text.Json.JsonValueKind.Null })
        {
            throw new TerminalException(
                $"Delta table '{_table}' cannot be read: file '{file.Path}' has a deletion vector, which this implementation does not know.");
        }

        var key = UriPath.Decode(file.Path);
        _tombstones.Remove(key);
        _files[key] = file.Normalised();
    }

    private void Apply(RemoveFile file)
    {
        var key = UriPath.Decode(file.Path);
        _files.Remove(key);
        _tombstones[key] = file;
    }
}
