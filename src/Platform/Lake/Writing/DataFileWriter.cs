using System.Globalization;
using Pipeline.DuckDb;

namespace Pipeline.Lake;

/// <summary>Writes the rows of a query as data files: staged by one COPY where possible, then moved to their places.</summary>
internal sealed class DataFileWriter(TableLocation location, DeltaSnapshot snapshot, TimeProvider time)
{
    private const string OtherPartition = "pipeline.lake: a row of another partition";
    private const int ParallelUploads = 8;
    private const string Parquet = "FORMAT parquet, COMPRESSION zstd, RETURN_STATS";

    public async ValueTask<DeltaFiles> WriteAsync(DuckConnection connection, string query, DeltaWriteOptions options, CancellationToken cancellationToken)
    {
        var source = SourceQuery.Describe(connection, query, snapshot, options.AddColumns, cancellationToken);
        if (options.Partition is { } partition && source.PartitionColumns.FirstOrDefault(c => !partition.ContainsKey(c.Name)) is { } missing)
            throw new TerminalException($"Write to Delta table '{location.Path}': the partition that was given lacks a value for column '{missing.Name}'.");
        var staging = location.Store.NewStagingPath("");
        try
        {
            var copies = await Task.Run(() => Copy(connection, source, staging, options, cancellationToken), cancellationToken);
            foreach (var copy in copies)
                RefuseNulls(copy, source);
            var files = await PublishAsync(copies, source, cancellationToken);
            return new DeltaFiles(files, source.Schema, files.Sum(f => f.NumRecords ?? 0), files.Sum(f => f.Size));
        }
        finally
        {
            StagedFiles.TryRemove(staging);
        }
    }

    /// <summary>Writes all rows of a query over files of one partition as one file of it; null where there are none.</summary>
    public async ValueTask<DeltaFile?> RewriteAsync(
        DuckConnection connection, string select, IReadOnlyDictionary<string, string?> partition, CancellationToken cancellationToken)
    {
        var columns = snapshot.PartitionColumns.Select(c => snapshot.Schema.Find(c)!).ToList();
        var data = snapshot.Schema.Fields.Except(columns).ToList();
        var source = new SourceQuery($"SELECT {string.Join(", ", data.Select(f => Sql.Identifier(f.Name)))} FROM ({select})", snapshot.Schema, data, columns);
        var staging = location.Store.NewStagingPath("");
        try
        {
            var copies = await Task.Run(
                () => CopyResult.Run(connection, $"COPY ({source.Select}) TO {Sql.Literal(staging)} ({Parquet})", cancellationToken), cancellationToken);
            return copies[0].Rows == 0 ? null : await PublishAsync(copies[0], source, partition, cancellationToken);
        }
        finally
        {
            StagedFiles.TryRemove(staging);
        }
    }

    private static List<CopyResult> Copy(
        DuckConnection connection, SourceQuery source, string staging, DeltaWriteOptions options, CancellationToken cancellationToken)
    {
        var format = Parquet;
        if (options.RowGroupRows is { } rows)
            format += string.Create(CultureInfo.InvariantCulture, $", ROW_GROUP_SIZE {rows}");
        if (options.RowGroupBytes is { } bytes)
            format += string.Create(CultureInfo.InvariantCulture, $", ROW_GROUP_SIZE_BYTES {bytes}");
        if (source.PartitionColumns.Count == 0)
            return CopyResult.Run(connection, $"COPY ({source.Select}) TO {Sql.Literal(staging)} ({format})", cancellationToken);
        if (options.ExpectOnePartition || options.Partition is not null)
        {
            IReadOnlyDictionary<string, string?>? first = options.Partition ?? FirstPartition(connection, source, cancellationToken);
            if (first is null)
                return [];
            if (TryCopyOne(connection, source, staging, first, format, cancellationToken) is { } one)
                return [one with { PartitionKeys = first }];
            StagedFiles.TryRemove(staging);
        }

        Directory.CreateDirectory(staging);
        var by = string.Join(", ", source.PartitionColumns.Select(c => Sql.Identifier(c.Name)));
        return CopyResult.Run(
            connection, $"COPY ({source.Select}) TO {Sql.Literal(staging)} ({format}, PARTITION_BY ({by}), FILENAME_PATTERN '{{uuid}}')", cancellationToken);
    }

    private static Dictionary<string, string?>? FirstPartition(DuckConnection connection, SourceQuery source, CancellationToken cancellationToken)
    {
        var columns = string.Join(", ", source.PartitionColumns.Select(c => $"CAST({Sql.Identifier(c.Name)} AS VARCHAR)"));
        using var result = connection.Query($"SELECT {columns} FROM ({source.Select}) LIMIT 1", cancellationToken);
        if (!result.ReadChunk(out var chunk))
            return null;
        var values = new Dictionary<string, string?>(StringComparer.Ordinal);
        for (var i = 0; i < source.PartitionColumns.Count; i++)
            values[source.PartitionColumns[i].Name] = chunk.Column(i) is var column && column.IsNull(0) ? null : column.GetString(0);
        return values;
    }

    private static CopyResult? TryCopyOne(
        DuckConnection connection, SourceQuery source, string staging, IReadOnlyDictionary<string, string?> values, string format,
        CancellationToken cancellationToken)
    {
        var names = string.Join(", ", source.PartitionColumns.Select(c => Sql.Identifier(c.Name)));
        // Plain equality costs a few percent of the whole COPY, IS NOT DISTINCT FROM three times as much.
        var same = string.Join(" AND ", source.PartitionColumns.Select(
            c => values[c.Name] is { } v ? $"{Sql.Identifier(c.Name)} = CAST({Sql.Literal(v)} AS {c.Type.ToSql()})" : $"{Sql.Identifier(c.Name)} IS NULL"));
        try
        {
            return CopyResult.Run(
                connection,
                $"COPY (SELECT * EXCLUDE ({names}) FROM ({source.Select}) WHERE CASE WHEN {same} THEN true ELSE error('{OtherPartition}') END) "
                + $"TO {Sql.Literal(staging)} ({format})",
                cancellationToken)[0];
        }
        catch (DuckException e) when (e.Message.Contains(OtherPartition, StringComparison.Ordinal))
        {
            return null;
        }
    }

    private void RefuseNulls(CopyResult copy, SourceQuery source)
    {
        foreach (var column in source.DataColumns)
        {
            if (!column.Nullable && copy.Columns.TryGetValue(column.Name, out var known) && known.NullCount is > 0)
                throw new TerminalException($"Column '{column.Name}' of Delta table '{location.Path}' takes no null, and {known.NullCount} rows have one.");
        }

        foreach (var column in source.PartitionColumns)
        {
            if (!column.Nullable && copy.Rows > 0 && string.IsNullOrEmpty(copy.PartitionKeys.GetValueOrDefault(column.Name)))
                throw new TerminalException($"Partition column '{column.Name}' of Delta table '{location.Path}' takes no null, and {copy.Rows} rows have one.");
        }
    }

    // Several at a time: to a remote store each takes a while and little else.
    private async ValueTask<List<DeltaFile>> PublishAsync(List<CopyResult> copies, SourceQuery source, CancellationToken cancellationToken)
    {
        copies.RemoveAll(c => c.Rows == 0);
        var files = new DeltaFile[copies.Count];
        var limits = new ParallelOptions { MaxDegreeOfParallelism = ParallelUploads, CancellationToken = cancellationToken };
        await Parallel.ForAsync(
            0, files.Length, limits,
            async (i, token) => files[i] = await PublishAsync(copies[i], source, Values(copies[i], source), token));
        return [.. files];
    }

    private static Dictionary<string, string?> Values(CopyResult copy, SourceQuery source) => source.PartitionColumns.ToDictionary(
        c => c.Name, c => PartitionValue.FromDuckDb(copy.PartitionKeys[c.Name], c.Type, c.Name), StringComparer.Ordinal);

    private async ValueTask<DeltaFile> PublishAsync(
        CopyResult copy, SourceQuery source, IReadOnlyDictionary<string, string?> values, CancellationToken cancellationToken)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"part-00000-{Guid.NewGuid()}-c000.zstd.parquet");
        var relative = values.Count == 0 ? name : $"{PartitionValue.Folder(snapshot.PartitionColumns, values)}/{name}";
        await location.Store.UploadFileAsync(copy.File, location.Path.Combine(relative), cancellationToken);
        return new DeltaFile
        {
            Path = UriPath.Encode(relative),
            PartitionValues = values,
            Size = copy.Size,
            ModificationTime = time.GetUtcNow().ToUnixTimeMilliseconds(),
            DataChange = true,
            WrittenAs = source.Schema,
            Stats = StatisticsWriter.Write(copy.Rows, source.DataColumns, copy.Columns, TableProperties.StatisticsColumns(snapshot.Metadata)),
        };
    }
}
