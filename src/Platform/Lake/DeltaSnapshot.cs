namespace Pipeline.Lake;

/// <summary>A table as it is at one version. Immutable: reading from it is not disturbed by later commits.</summary>
public sealed partial class DeltaSnapshot
{
    private readonly Lazy<DeltaFile[]> _files;
    private readonly Lazy<(long? Rows, long Bytes)> _totals;

    internal DeltaSnapshot(TableLocation location, long version, DateTimeOffset timestamp, SnapshotState state)
    {
        Location = location;
        Version = version;
        Timestamp = timestamp;
        State = state;
        _files = new Lazy<DeltaFile[]>(SortedFiles);
        _totals = new Lazy<(long? Rows, long Bytes)>(Sum);
    }

    /// <summary>The version, from 0.</summary>
    public long Version { get; }

    /// <summary>When the version was committed, by the clock of its writer.</summary>
    public DateTimeOffset Timestamp { get; }

    /// <summary>The table's path in the lake.</summary>
    public string Table => Location.Path.Value;

    /// <summary>The columns, partition columns among them.</summary>
    public DeltaSchema Schema => State.Schema;

    /// <summary>The columns that files are divided by; their values are in the log and not in the files.</summary>
    public IReadOnlyList<string> PartitionColumns => State.Metadata.PartitionColumns;

    /// <summary>The table's properties, like <c>delta.appendOnly</c>.</summary>
    public IReadOnlyDictionary<string, string?> Configuration => State.Metadata.Configuration;

    /// <summary>The id that the table got when it was created.</summary>
    public string Id => State.Metadata.Id;

    /// <summary>The table's name, where it was given one.</summary>
    public string? Name => State.Metadata.Name;

    /// <summary>The table's description, where it was given one.</summary>
    public string? Description => State.Metadata.Description;

    /// <summary>The data files, in lexical order of their paths.</summary>
    public IReadOnlyList<DeltaFile> Files => _files.Value;

    /// <summary>The last <c>txn</c> version that each application committed.</summary>
    public IReadOnlyDictionary<string, long> Transactions => State.TransactionVersions;

    /// <summary>How many rows the table holds; null where a file has no statistics.</summary>
    public long? RowCount => _totals.Value.Rows;

    /// <summary>The bytes of all data files.</summary>
    public long TotalBytes => _totals.Value.Bytes;

    /// <summary>How many data files there are.</summary>
    public int FileCount => State.Files.Count;

    internal TableLocation Location { get; }

    internal SnapshotState State { get; }

    internal Protocol Protocol => State.Protocol;

    internal Metadata Metadata => State.Metadata;

    private DeltaFile[] SortedFiles()
    {
        var files = State.Files.Values.ToArray();
        Array.Sort(files, static (a, b) => string.CompareOrdinal(a.Path, b.Path));
        return files;
    }

    private (long? Rows, long Bytes) Sum()
    {
        long? rows = 0;
        var bytes = 0L;
        foreach (var file in State.Files.Values)
        {
            rows += file.NumRecords;
            bytes += file.Size;
        }

        return (rows, bytes);
    }
}

/// <summary>Where a table is.</summary>
internal sealed record TableLocation(IObjectStore Store, ObjectPath Path);
