using System.Text;
using Pipeline.DuckDb;

namespace Pipeline.Lake;

/// <summary>Makes the SELECT that reads files of a snapshot with DuckDB.</summary>
/// <remarks>
/// The schema is given to <c>read_parquet</c>, so no file is opened to plan a query, added columns are null in old files, and types are the table's.
/// Partition values come from the log: as constants where files share them, else from a list by the index of the file.
/// </remarks>
internal static class SnapshotSql
{
    // Files fall into at most so many branches of a UNION ALL. Each has a bound on its partition values, by which DuckDB drops whole branches.
    private const int MaxBranches = 24;

    /// <summary>Makes the SELECT.</summary>
    /// <param name="snapshot">The snapshot.</param>
    /// <param name="files">Files of it.</param>
    /// <param name="fileColumn">The name of a further column that gives the index of each row's file in <paramref name="files"/>; null adds none.</param>
    /// <param name="cancellationToken">Cancels the fetching of remote files.</param>
    public static async ValueTask<string> SelectAsync(
        DeltaSnapshot snapshot, IReadOnlyList<DeltaFile> files, string? fileColumn, CancellationToken cancellationToken)
    {
        var schema = snapshot.Schema;
        if (files.Count == 0)
        {
            var nulls = schema.Fields.Select(f => $"CAST(NULL AS {f.Type.ToSql()}) AS {Sql.Identifier(f.Name)}");
            return $"SELECT {string.Join(", ", fileColumn is null ? nulls : nulls.Append($"0::BIGINT AS {Sql.Identifier(fileColumn)}"))} WHERE false";
        }

        var paths = new string[files.Count];
        for (var i = 0; i < paths.Length; i++)
            paths[i] = DuckFiles.Literal(await snapshot.Location.Store.GetLocalPathAsync(DataPath.Resolve(snapshot.Location, files[i].Path), cancellationToken));

        var partition = snapshot.PartitionColumns.Select(c => schema.Find(c)!).ToList();
        var sql = new StringBuilder(files.Count * 128);
        var first = true;
        foreach (var branch in Branches(files, partition))
        {
            if (!first)
                sql.Append("\nUNION ALL\n");
            first = false;
            AppendBranch(sql, schema, partition, files, paths, branch, fileColumn);
        }

        return sql.ToString();
    }

    // Sorted by partition values and cut into runs of about the same number of partitions; equal values are never divided.
    private static IEnumerable<int[]> Branches(IReadOnlyList<DeltaFile> files, List<DeltaField> partition)
    {
        var order = Enumerable.Range(0, files.Count).ToArray();
        if (partition.Count == 0)
            return [order];
        var column = partition[0].Name;
        var keys = files.Select(f => f.PartitionValues.GetValueOrDefault(column) ?? "").ToArray();
        Array.Sort(order, (a, b) => string.CompareOrdinal(keys[a], keys[b]) is var c and not 0 ? c : a.CompareTo(b));
        var groups = order.GroupBy(i => keys[i], StringComparer.Ordinal).Select(g => g.ToArray()).ToList();
        var size = (groups.Count + MaxBranches - 1) / MaxBranches;
        return groups.Chunk(size).Select(g => g.SelectMany(i => i).ToArray());
    }

    private static void AppendBranch(
        StringBuilder sql, DeltaSchema schema, List<DeltaField> partition, IReadOnlyList<DeltaFile> files, string[] paths, int[] branch, string? fileColumn)
    {
        var values = partition.ToDictionary(p => p.Name, p => branch.Select(i => files[i].PartitionValues.GetValueOrDefault(p.Name)).ToArray());
        var data = schema.Fields.Where(f => !partition.Contains(f)).ToList();
        sql.Append("SELECT ");
        for (var i = 0; i < schema.Fields.Count; i++)
        {
            var field = schema.Fields[i];
            sql.Append(i == 0 ? "" : ", ");
            sql.Append(values.TryGetValue(field.Name, out var of) ? Value(of, field.Type) : ColumnName(data.IndexOf(field)));
            sql.Append(" AS ").Append(Sql.Identifier(field.Name));
        }

        if (fileColumn is not null)
            sql.Append($", CAST([{string.Join(", ", branch)}] AS BIGINT[])[CAST(file_index AS BIGINT) + 1] AS ").Append(Sql.Identifier(fileColumn));

        sql.Append(" FROM read_parquet([").AppendJoin(", ", branch.Select(i => paths[i])).Append("], schema = MAP {");
        for (var i = 0; i < data.Count; i++)
        {
            sql.Append(i == 0 ? "" : ", ").Append(Sql.Literal(data[i].Name)).Append(": {name: '").Append(ColumnName(i)).Append("', type: ")
                .Append(Sql.Literal(data[i].Type.ToSql())).Append(", default_value: NULL}");
        }

        sql.Append("})");
    }

    // Own names, so that no column of the table is taken for a virtual column of the reader.
    private static string ColumnName(int index) => $"c{index}";

    private static string Value(string?[] values, DeltaType type)
    {
        if (values.All(v => v == values[0]))
            return PartitionValue.ToSql(values[0], type);
        var list = string.Join(", ", values.Select(v => string.IsNullOrEmpty(v) ? "NULL" : Sql.Literal(v)));
        return $"CAST([{list}] AS {type.ToSql()}[])[CAST(file_index AS BIGINT) + 1]";
    }
}
