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
    // Files fall into at most so many branches of a UNION ALL. Each has one partition value or a bound on them, by which DuckDB drops whole branches;
    // more branches drop more files and cost more to plan.
    private const int MaxBranches = 8;

    private const int FetchAhead = 16;

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

        var paths = await LocalPathsAsync(snapshot.Location, files, cancellationToken);
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

    private static async ValueTask<string[]> LocalPathsAsync(TableLocation location, IReadOnlyList<DeltaFile> files, CancellationToken cancellationToken)
    {
        var paths = new string[files.Count];
        for (var start = 0; start < paths.Length; start += FetchAhead)
        {
            var fetches = files.Skip(start).Take(FetchAhead)
                .Select(f => location.Store.GetLocalPathAsync(DataPath.Resolve(location, f.Path), cancellationToken).AsTask());
            (await Task.WhenAll(fetches)).CopyTo(paths, start);
        }

        return Array.ConvertAll(paths, DuckFiles.Literal);
    }

    // Files are sorted by the first partition column and cut into runs of about the same number of values; equal values are never divided.
    private static IEnumerable<Branch> Branches(IReadOnlyList<DeltaFile> files, List<DeltaField> partition)
    {
        if (partition.Count == 0)
            return [new Branch([.. Enumerable.Range(0, files.Count)], null, null)];
        var column = partition[0];
        var groups = Enumerable.Range(0, files.Count)
            .GroupBy(i => files[i].PartitionValues.GetValueOrDefault(column.Name) ?? "", StringComparer.Ordinal)
            .Select(g => (Text: g.Key, Value: g.Key.Length == 0 ? null : FilterValue.Parse(g.Key, column.Type), Files: g.ToArray()))
            .ToList();
        if (groups.Count <= MaxBranches || groups.Any(g => g.Text.Length > 0 && g.Value is null))
        {
            return Chunks(groups.OrderBy(g => g.Text, StringComparer.Ordinal), groups.Count)
                .Select(c => new Branch([.. c.SelectMany(g => g.Files)], null, null));
        }

        return groups.Where(g => g.Value is null).Select(g => new Branch(g.Files, null, null))
            .Concat(Chunks(groups.Where(g => g.Value is not null).OrderBy(g => g.Value!.Value), groups.Count)
                .Select(c => new Branch([.. c.SelectMany(g => g.Files)], c[0].Text, c[^1].Text)));
    }

    private static IEnumerable<T[]> Chunks<T>(IEnumerable<T> groups, int count) => groups.Chunk((count + MaxBranches - 1) / MaxBranches);

    private static void AppendBranch(
        StringBuilder sql, DeltaSchema schema, List<DeltaField> partition, IReadOnlyList<DeltaFile> files, string[] paths, Branch branch, string? fileColumn)
    {
        var values = partition.ToDictionary(p => p.Name, p => branch.Files.Select(i => files[i].PartitionValues.GetValueOrDefault(p.Name)).ToArray());
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
            sql.Append($", CAST([{string.Join(", ", branch.Files)}] AS BIGINT[])[CAST(file_index AS BIGINT) + 1] AS ").Append(Sql.Identifier(fileColumn));

        sql.Append(" FROM read_parquet([").AppendJoin(", ", branch.Files.Select(i => paths[i])).Append("], schema = MAP {");
        for (var i = 0; i < data.Count; i++)
        {
            sql.Append(i == 0 ? "" : ", ").Append(Sql.Literal(data[i].Name)).Append(": {name: '").Append(ColumnName(i)).Append("', type: ")
                .Append(Sql.Literal(data[i].Type.ToSql())).Append(", default_value: NULL}");
        }

        sql.Append("})");
        // True of every row, and what lets DuckDB see that a query wants none of this branch.
        if (branch.Low is not null && branch.Low != branch.High)
        {
            sql.Append(" WHERE ").Append(Value(values[partition[0].Name], partition[0].Type)).Append(" BETWEEN ")
                .Append(PartitionValue.ToSql(branch.Low, partition[0].Type)).Append(" AND ").Append(PartitionValue.ToSql(branch.High, partition[0].Type));
        }
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

    // The values that a branch lies between, both included; null where no bound is known.
    private sealed record Branch(int[] Files, string? Low, string? High);
}
