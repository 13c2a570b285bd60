using Pipeline.DuckDb;

namespace Pipeline.Lake;

/// <summary>A file that COPY wrote, as its RETURN_STATS option tells.</summary>
internal sealed record CopyResult(
    string File, long Rows, long Size, IReadOnlyDictionary<string, ColumnStatistics> Columns, IReadOnlyDictionary<string, string?> PartitionKeys)
{
    /// <summary>Runs a COPY with RETURN_STATS.</summary>
    public static List<CopyResult> Run(DuckConnection connection, string copy, CancellationToken cancellationToken)
    {
        var files = new List<CopyResult>();
        using var result = connection.Query(copy, cancellationToken);
        while (result.ReadChunk(out var chunk))
        {
            for (var row = 0; row < chunk.RowCount; row++)
            {
                files.Add(new CopyResult(
                    chunk.Column("filename").GetString(row),
                    chunk.Column("count").GetInt64(row),
                    chunk.Column("file_size_bytes").GetInt64(row),
                    ReadColumns(chunk.Column("column_statistics"), row),
                    ReadKeys(chunk.Column("partition_keys"), row)));
            }
        }

        return files;
    }

    // MAP(column, MAP(name of the statistic, value)); the column is a path of quoted names, of which only those of one name are top-level.
    private static Dictionary<string, ColumnStatistics> ReadColumns(DuckVector map, int row)
    {
        var columns = new Dictionary<string, ColumnStatistics>(StringComparer.Ordinal);
        if (map.IsNull(row))
            return columns;
        var (offset, length) = map.GetListRange(row);
        var entries = map.Child();
        var names = entries.Field(0);
        var values = entries.Field(1);
        for (var i = offset; i < offset + length; i++)
        {
            if (TopLevelName(names.GetString(i)) is { } name)
                columns[name] = ReadColumn(values, i);
        }

        return columns;
    }

    private static ColumnStatistics ReadColumn(DuckVector map, int row)
    {
        string? min = null, max = null, nulls = null, nan = null;
        var (offset, length) = map.GetListRange(row);
        var entries = map.Child();
        var names = entries.Field(0);
        var values = entries.Field(1);
        for (var i = offset; i < offset + length; i++)
        {
            var value = values.IsNull(i) ? null : values.GetString(i);
            switch (names.GetString(i))
            {
                case "min":
                    min = value;
                    break;
                case "max":
                    max = value;
                    break;
                case "null_count":
                    nulls = value;
                    break;
                case "has_nan":
                    nan = value;
                    break;
            }
        }

        long? nullCount = long.TryParse(nulls, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var n) ? n : null;
        return new ColumnStatistics(min, max, nullCount, nan == "true");
    }

    private static Dictionary<string, string?> ReadKeys(DuckVector map, int row)
    {
        var keys = new Dictionary<string, string?>(StringComparer.Ordinal);
        if (map.IsNull(row))
            return keys;
        var (offset, length) = map.GetListRange(row);
        var entries = map.Child();
        var names = entries.Field(0);
        var values = entries.Field(1);
        for (var i = offset; i < offset + length; i++)
            keys[names.GetString(i)] = values.IsNull(i) ? null : values.GetString(i);
        return keys;
    }

    private static string? TopLevelName(string path)
    {
        if (path.Length < 2 || path[0] != '"' || path[^1] != '"')
            return null;
        var inner = path[1..^1].Replace("\"\"", "\0", StringComparison.Ordinal);
        return inner.Contains('"', StringComparison.Ordinal) ? null : inner.Replace('\0', '"');
    }
}
