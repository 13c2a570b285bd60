using System.Text.Json;

namespace Pipeline.Lake;

/// <summary>The protocol's <c>remove</c> action: a file that left the table, kept as a tombstone until it expires.</summary>
internal sealed record RemoveFile
{
    public required string Path { get; init; }
    public long? DeletionTimestamp { get; init; }
    public bool DataChange { get; init; }
    public bool? ExtendedFileMetadata { get; init; }
    public IReadOnlyDictionary<string, string?>? PartitionValues { get; init; }
    public long? Size { get; init; }
    public JsonElement? DeletionVector { get; init; }

    public static RemoveFile Of(DeltaFile file, DateTimeOffset at, bool dataChange) => new()
    {
        Path = file.Path,
        DeletionTimestamp = at.ToUnixTimeMilliseconds(),
        DataChange = dataChange,
        ExtendedFileMetadata = true,
        PartitionValues = file.PartitionValues,
        Size = file.Size,
    };
}

/// <summary>The protocol's <c>metaData</c> action.</summary>
internal sealed record Metadata
{
    public required string Id { get; init; }
    public string? Name { get; init; }
    public string? Description { get; init; }
    public DataFormat Format { get; init; } = new();
    public required string SchemaString { get; init; }
    public IReadOnlyList<string> PartitionColumns { get; init; } = [];
    public long? CreatedTime { get; init; }
    public IReadOnlyDictionary<string, string?> Configuration { get; init; } = new Dictionary<string, string?>();
}

/// <summary>How the files of a table are encoded.</summary>
internal sealed record DataFormat
{
    public string Provider { get; init; } = "parquet";
    public IReadOnlyDictionary<string, string?> Options { get; init; } = new Dictionary<string, string?>();
}

/// <summary>The protocol's <c>protocol</c> action.</summary>
internal sealed record Protocol
{
    public int MinReaderVersion { get; init; }
    public int MinWriterVersion { get; init; }
    public IReadOnlyList<string>? ReaderFeatures { get; init; }
    public IReadOnlyList<string>? WriterFeatures { get; init; }
}

/// <summary>The protocol's <c>txn</c> action.</summary>
internal sealed record Txn
{
    public required string AppId { get; init; }
    public long Version { get; init; }
    public long? LastUpdated { get; init; }
}

/// <summary>What this implementation writes as <c>commitInfo</c>. Other writers may put anything there.</summary>
internal sealed record CommitInfo
{
    public long Timestamp { get; init; }
    public required string Operation { get; init; }
    public IReadOnlyDictionary<string, string> OperationParameters { get; init; } = new Dictionary<string, string>();
    public long? ReadVersion { get; init; }
    public string IsolationLevel { get; init; } = "Serializable";
    public bool IsBlindAppend { get; init; }
    public IReadOnlyDictionary<string, string> OperationMetrics { get; init; } = new Dictionary<string, string>();
    public string EngineInfo { get; init; } = "Pipeline-Lake/1.0";
    public required string TxnId { get; init; }
}

/// <summary>One line of a commit: exactly one of its members is there. Actions and fields that this implementation does not know are passed over.</summary>
internal sealed record ActionLine
{
    public JsonElement? CommitInfo { get; init; }
    public Protocol? Protocol { get; init; }
    public Metadata? MetaData { get; init; }
    public Txn? Txn { get; init; }
    public DeltaFile? Add { get; init; }
    public RemoveFile? Remove { get; init; }
}

/// <summary>What <c>_last_checkpoint</c> says.</summary>
internal sealed record LastCheckpoint
{
    public long Version { get; init; }
    public long Size { get; init; }
    public int? Parts { get; init; }
    public long? SizeInBytes { get; init; }
    public long? NumOfAddFiles { get; init; }
}
