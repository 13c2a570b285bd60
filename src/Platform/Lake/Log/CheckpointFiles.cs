using System.Text.Json;
using Pipeline.DuckDb;

namespace Pipeline.Lake;

/// <summary>Writes and reads checkpoints, the parquet files that stand in for all commits up to a version. DuckDB does the parquet.</summary>
internal sealed class CheckpointFiles(Lazy<DuckDatabase> database)
{
    private const string TextMap = "MAP(VARCHAR, VARCHAR)";

    // DuckDB allocates twice this for each thread that reads.
    private const long SmallestReadBuffer = 1 << 20;

    // The schema of the protocol's appendix; one row an action, all other columns null.
    private static readonly string _columns = $$"""
        txn: 'STRUCT(appId VARCHAR, version BIGINT, lastUpdated BIGINT)',
        add: 'STRUCT(path VARCHAR, partitionValues {{TextMap}}, size BIGINT, modificationTime BIGINT, dataChange BOOLEAN, stats VARCHAR, tags {{TextMap}})',
        remove: 'STRUCT(path VARCHAR, deletionTimestamp BIGINT, dataChange BOOLEAN, extendedFileMetadata BOOLEAN, partitionValues {{TextMap}}, size BIGINT)',
        metaData: 'STRUCT(id VARCHAR, name VARCHAR, description VARCHAR, format STRUCT(provider VARCHAR, options {{TextMap}}),
            schemaString VARCHAR, partitionColumns VARCHAR[], configuration {{TextMap}}, createdTime BIGINT)',
        protocol: 'STRUCT(minReaderVersion INTEGER, minWriterVersion INTEGER)'
        """;

    /// <summary>Reads all actions of a checkpoint, in one part or several.</summary>
    public async ValueTask<IReadOnlyList<ActionLine>> ReadAsync(IObjectStore store, IReadOnlyList<ObjectPath> parts, CancellationToken cancellationToken)
    {
        var files = new List<string>(parts.Count);
        foreach (var part in parts)
            files.Add(DuckFiles.Literal(await store.GetLocalPathAsync(part, cancellationToken)));
        var source = string.Join(", ", parts);
        return await Task.Run(() => Read(files, source, cancellationToken), cancellationToken);
    }

    /// <summary>Writes the checkpoint of a snapshot. Does not touch <c>_last_checkpoint</c>.</summary>
    /// <param name="snapshot">The snapshot.</param>
    /// <param name="path">Where the checkpoint goes.</param>
    /// <param name="keepTombstonesFrom">Tombstones of before are left out.</param>
    /// <param name="cancellationToken">Cancels the work.</param>
    public async ValueTask<LastCheckpoint> WriteAsync(
        DeltaSnapshot snapshot, ObjectPath path, DateTimeOffset keepTombstonesFrom, CancellationToken cancellationToken)
    {
        var store = snapshot.Location.Store;
        var rows = store.NewStagingPath(".ndjson");
        var parquet = store.NewStagingPath(".parquet");
        try
        {
            var (count, longest) = await WriteRowsAsync(snapshot, rows, keepTombstonesFrom.ToUnixTimeMilliseconds(), cancellationToken);
            await Task.Run(
                () =>
                {
                    using var connection = database.Value.Connect();
                    connection.Execute(
                        $"COPY (SELECT * FROM read_json({Sql.Literal(rows)}, format = 'newline_delimited', columns = {{{_columns}}}, "
                        + $"maximum_object_size = {Math.Max(longest, SmallestReadBuffer)})) "
                        + $"TO {Sql.Literal(parquet)} (FORMAT parquet, COMPRESSION zstd)",
                        cancellationToken);
                },
                cancellationToken);
            var size = new FileInfo(parquet).Length;
            await store.UploadFileAsync(parquet, path, cancellationToken);
            return new LastCheckpoint { Version = snapshot.Version, Size = count, SizeInBytes = size, NumOfAddFiles = snapshot.FileCount };
        }
        finally
        {
            StagedFiles.TryRemove(rows);
            StagedFiles.TryRemove(parquet);
        }
    }

    // A checkpoint does not tell whether a file changed rows; a reader that asks must take it that it did.
    private static ActionLine AsChanges(ActionLine action) => action switch
    {
        { Add: { } add } => action with { Add = add with { DataChange = true } },
        { Remove: { } remove } => action with { Remove = remove with { DataChange = true } },
        _ => action,
    };

    private static async ValueTask<(long Count, long Longest)> WriteRowsAsync(
        DeltaSnapshot snapshot, string file, long keepTombstonesFrom, CancellationToken cancellationToken)
    {
        await using var stream = new FileStream(file, FileMode.CreateNew, FileAccess.Write, FileShare.Read, 1 << 16);
        var (count, longest) = (0L, 0L);
        foreach (var action in Rows(snapshot, keepTombstonesFrom))
        {
            var start = stream.Position;
            await JsonSerializer.SerializeAsync(stream, action, ActionJsonContext.Default.ActionLine, cancellationToken);
            stream.WriteByte((byte)'\n');
            longest = Math.Max(longest, stream.Position - start);
            count++;
        }

        return (count, longest);
    }

    // Actions of a checkpoint change no data: it repeats what commits said.
    private static IEnumerable<ActionLine> Rows(DeltaSnapshot snapshot, long keepTombstonesFrom)
    {
        yield return new ActionLine { Protocol = snapshot.Protocol };
        yield return new ActionLine { MetaData = snapshot.Metadata };
        foreach (var txn in snapshot.State.Transactions.Values.OrderBy(t => t.AppId, StringComparer.Ordinal))
            yield return new ActionLine { Txn = txn };
        foreach (var file in snapshot.Files)
            yield return new ActionLine { Add = file with { DataChange = false } };
        foreach (var file in snapshot.State.Tombstones.Values)
        {
            if ((file.DeletionTimestamp ?? 0) >= keepTombstonesFrom)
                yield return new ActionLine { Remove = file with { DataChange = false } };
        }
    }

    private List<ActionLine> Read(List<string> files, string source, CancellationToken cancellationToken)
    {
        var actions = new List<ActionLine>();
        var line = 0L;
        using var connection = database.Value.Connect();
        // Each row goes through the reader of commits, so both forms of the log mean the same and columns may be missing.
        using var result = connection.Query(
            $"SELECT to_json(r)::VARCHAR FROM read_parquet([{string.Join(", ", files)}], union_by_name = true) r", cancellationToken);
        while (result.ReadChunk(out var chunk))
        {
            var rows = chunk.Column(0);
            for (var i = 0; i < chunk.RowCount; i++)
                actions.Add(AsChanges(ActionJson.ReadLine(rows.Utf8(i), source, ++line)));
        }

        return actions;
    }
}
