using System.Text.Json.Serialization;
using Pipeline.Lake;

namespace Pipeline.Workers.CommandLine.Lake;

/// <summary>A table in a list.</summary>
internal sealed record TableSummary(string Path, long Version, long? Rows, long Files, long Bytes, DateTimeOffset Changed)
{
    public static TableSummary Of(DeltaSnapshot snapshot) =>
        new(snapshot.Table, snapshot.Version, snapshot.RowCount, snapshot.FileCount, snapshot.TotalBytes, snapshot.Timestamp);
}

/// <summary>A table with its columns.</summary>
internal sealed record TableDetails(TableSummary Table, IReadOnlyList<ColumnDetails> Columns, IReadOnlyList<string> PartitionedBy, IReadOnlyDictionary<string, string?> Properties)
{
    public static TableDetails Of(DeltaSnapshot snapshot) => new(
        TableSummary.Of(snapshot), [.. snapshot.Schema.Fields.Select(f => new ColumnDetails(f.Name, f.Type.ToString(), f.Nullable))], snapshot.PartitionColumns, snapshot.Configuration);
}

/// <summary>A column.</summary>
internal sealed record ColumnDetails(string Name, string Type, bool Nullable);

[JsonSourceGenerationOptions(WriteIndented = true)]
[JsonSerializable(typeof(List<TableSummary>))]
[JsonSerializable(typeof(TableDetails))]
[JsonSerializable(typeof(List<DeltaHistoryEntry>))]
[JsonSerializable(typeof(DeltaVacuumResult))]
internal sealed partial class LakeJson : JsonSerializerContext;
