using Pipeline.DuckDb;

namespace Pipeline.Lake;

/// <summary>A query whose columns were fitted to a table: in its order, under its names and with its types.</summary>
internal sealed record SourceQuery(string Select, DeltaSchema Schema, IReadOnlyList<DeltaField> DataColumns, IReadOnlyList<DeltaField> PartitionColumns)
{
    /// <summary>The columns that the query itself gives.</summary>
    public DeltaSchema Given { get; private init; } = Schema;

    /// <exception cref="TerminalException">A column does not fit the table; the message names it.</exception>
    public static SourceQuery Describe(DuckConnection connection, string query, DeltaSnapshot snapshot, bool addColumns, CancellationToken cancellationToken)
    {
        var given = ReadColumns(connection, query, cancellationToken);
        var merged = snapshot.Schema.MergeWith(given);
        if (!addColumns && !ReferenceEquals(merged, snapshot.Schema))
        {
            throw new TerminalException(
                $"The data has columns that Delta table '{snapshot.Table}' lacks: it has ({snapshot.Schema}), the data ({given}).");
        }

        var partition = snapshot.PartitionColumns.Select(c => merged.Find(c)!).ToList();
        var data = new List<DeltaField>();
        var select = new List<string>();
        foreach (var column in merged.Fields)
        {
            var isPartition = partition.Contains(column);
            if (given.Find(column.Name) is not { } field)
            {
                if (!column.Nullable)
                    throw new TerminalException($"The data lacks column '{column.Name}', which takes no null in Delta table '{snapshot.Table}'.");
                if (isPartition)
                    select.Add($"CAST(NULL AS {column.Type.ToSql()}) AS {Sql.Identifier(column.Name)}");
                continue;
            }

            if (!isPartition)
                data.Add(column);
            // A cast to the type that it has is none: DuckDB drops it.
            select.Add($"CAST({Sql.Identifier(field.Name)} AS {column.Type.ToSql()}) AS {Sql.Identifier(column.Name)}");
        }

        if (data.Count == 0)
            throw new TerminalException($"The data has no column of Delta table '{snapshot.Table}' other than partition columns.");
        return new SourceQuery($"SELECT {string.Join(", ", select)} FROM ({query})", merged, data, partition) { Given = given };
    }

    public static DeltaSchema ReadColumns(DuckConnection connection, string query, CancellationToken cancellationToken)
    {
        var fields = new List<DeltaField>();
        using var result = connection.Query($"DESCRIBE SELECT * FROM ({query})", cancellationToken);
        while (result.ReadChunk(out var chunk))
        {
            var names = chunk.Column(0);
            var types = chunk.Column(1);
            for (var i = 0; i < chunk.RowCount; i++)
                fields.Add(new DeltaField(names.GetString(i), DuckDbTypes.Parse(types.GetString(i), names.GetString(i))));
        }

        return new DeltaSchema(fields);
    }
}
