namespace Pipeline.Lake;

/// <summary>The figures of a table's newest version.</summary>
/// <param name="Version">The version.</param>
/// <param name="Rows">Its rows; null where a file has no statistics.</param>
/// <param name="Files">Its data files.</param>
/// <param name="Bytes">The size of its data files.</param>
/// <param name="Timestamp">When it was committed.</param>
public sealed record TableSummary(long Version, long? Rows, int Files, long Bytes, DateTimeOffset Timestamp)
{
    internal static TableSummary Of(DeltaSnapshot snapshot) => new(snapshot.Version, snapshot.RowCount, snapshot.FileCount, snapshot.TotalBytes, snapshot.Timestamp);
}
