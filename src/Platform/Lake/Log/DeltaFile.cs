using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Lake;

/// <summary>A data file of a table: the protocol's <c>add</c> action.</summary>
public sealed record DeltaFile
{
    private static readonly FrozenDictionary<string, string?> _none = FrozenDictionary<string, string?>.Empty;

    private long _rows = Unread;

    private const long Unread = -2;
    private const long Unknown = -1;

    /// <summary>The path as the log has it: relative to the table or absolute, URI-encoded.</summary>
    public required string Path { get; init; }

    /// <summary>The value of each partition column in the protocol's text form; null (or the empty text) is the null partition.</summary>
    public IReadOnlyDictionary<string, string?> PartitionValues { get; init; } = _none;

    /// <summary>The length of the file in bytes.</summary>
    public long Size { get; init; }

    /// <summary>When the file was made, in milliseconds since 1970 UTC.</summary>
    public long ModificationTime { get; init; }

    /// <summary>False where the commit only rearranged rows that were in the table before.</summary>
    public bool DataChange { get; init; }

    /// <summary>Statistics of the file as JSON ("Per-file Statistics"); null where the writer gave none.</summary>
    public string? Stats { get; init; }

    /// <summary>Notes of the writer; kept as they are.</summary>
    public IReadOnlyDictionary<string, string?>? Tags { get; init; }

    /// <summary>Statistics in a checkpoint that has them as a struct only.</summary>
    [JsonInclude]
    [JsonPropertyName("stats_parsed")]
    internal JsonElement? StatsParsed { get; init; }

    /// <summary>Present where rows of the file are deleted; such tables are refused.</summary>
    [JsonInclude]
    internal JsonElement? DeletionVector { get; init; }

    /// <summary>The columns that the file was written with; null where it was read from a log.</summary>
    [JsonIgnore]
    internal DeltaSchema? WrittenAs { get; init; }

    /// <summary>How many rows the file holds; null where its statistics do not say.</summary>
    [JsonIgnore]
    public long? NumRecords
    {
        get
        {
            if (_rows == Unread)
                _rows = FileStatistics.ReadNumRecords(Stats) ?? Unknown;
            return _rows == Unknown ? null : _rows;
        }
    }

    /// <summary>Equal by path.</summary>
    public bool Equals(DeltaFile? other) => other is not null && Path == other.Path;

    /// <inheritdoc/>
    public override int GetHashCode() => Path.GetHashCode(StringComparison.Ordinal);

    internal DeltaFile Normalised() => StatsParsed is not { } parsed
        ? this
        : this with { Stats = Stats ?? (parsed.ValueKind == JsonValueKind.Object ? parsed.GetRawText() : null), StatsParsed = null };
}
