using Pipeline.DuckDb;
using Pipeline.Lake;
using Pipeline.Workflows.Application;
using Pipeline.Workflows.Infrastructure.Kinds.Engine;

namespace Pipeline.Workflows.Infrastructure.Kinds.Transform;

/// <summary>
/// A Delta table that takes the rows of a task once: an append or overwrite carries the task's effect as a <c>txn</c> in its commit, so that a second try finds
/// it done; a merge by keys done twice is as done once.
/// </summary>
internal sealed class TableTarget(SqlSession session, TaskContext context, KindSettings settings, string path)
{
    public const string Overwrite = "overwrite";
    public const string Append = "append";
    public const string Merge = "merge";

    private const long Done = 1;

    // Longer than a run may be taken up again; then the entry leaves the table's log.
    private const string EffectsKept = "interval 30 days";

    private readonly DeltaTable _table = session.Lake.Table(path);

    /// <summary>Runs the task's SQL and commits its rows.</summary>
    public async Task<TaskResult> WriteAsync(CancellationToken cancellationToken)
    {
        var before = await _table.TrySnapshotAsync(cancellationToken);
        if (before is not null && before.Transactions.ContainsKey(context.EffectId))
            return AlreadyDone(before);
        var mode = settings.Text("mode") ?? Overwrite;
        var query = await FitAsync(await session.PrepareAsync(settings, cancellationToken), cancellationToken);
        if (before is null)
            query = await CreateAsync(query, cancellationToken);
        return mode switch
        {
            Merge => await MergeAsync(query, cancellationToken),
            Append or Overwrite => await ReplaceOrAppendAsync(query, mode == Overwrite, cancellationToken),
            _ => throw new TerminalException($"{settings.FieldOf("mode")}: '{mode}' is none of {Overwrite}, {Append}, {Merge}."),
        };
    }

    private async Task<TaskResult> ReplaceOrAppendAsync(SqlQuery query, bool replace, CancellationToken cancellationToken)
    {
        var written = await session.WorkAsync(
            query,
            async connection => await _table.WriteFilesAsync(
                connection, query.Select, new DeltaWriteOptions { AddColumns = true, RowGroupBytes = ParquetOutput.RowGroupBytes }, cancellationToken),
            cancellationToken);
        DeltaTransaction[] effect = [new(context.EffectId, null, Done)];
        var metrics = new Dictionary<string, string> { ["workflow"] = context.EffectId };
        var result = replace
            ? await _table.OverwriteAsync(
                new DeltaOverwrite
                {
                    Files = written.Files,
                    Schema = written.Schema,
                    Transactions = effect,
                    Metrics = metrics,

                    // Rows that were made of the table's own would undo what others did meanwhile.
                    BasedOn = session.Tables.GetValueOrDefault(path),
                },
                cancellationToken)
            : await _table.AppendAsync(
                new DeltaAppend { Files = written.Files, Schema = written.Schema, Transactions = effect, Metrics = metrics }, cancellationToken);
        if (!result.Committed)
        {
            await _table.DiscardFilesAsync(written.Files, cancellationToken);
            return AlreadyDone(result.Snapshot);
        }

        context.Log.Progress(written.Rows, written.Bytes);
        context.Log.Info($"{(replace ? "Replaced" : "Added to")} the rows of table {path}: {written.Rows} rows, version {result.Version}.");
        return Result(written.Rows, written.Bytes, result.Snapshot);
    }

    private async Task<TaskResult> MergeAsync(SqlQuery query, CancellationToken cancellationToken)
    {
        var merge = new DeltaMerge { Keys = settings.List("keys"), AddColumns = true, RowGroupBytes = ParquetOutput.RowGroupBytes };
        if (merge.Keys.Count == 0)
            throw new TerminalException($"{settings.FieldOf("keys")} is missing: a merge needs the columns that tell rows apart.");
        var result = await session.WorkAsync(
            query, async connection => await _table.MergeAsync(connection, query.Select, merge, cancellationToken), cancellationToken);
        var rows = result.RowsInserted + result.RowsUpdated;
        context.Log.Info($"Merged into table {path}: {result.RowsInserted} rows new, {result.RowsUpdated} replaced, version {result.Snapshot.Version}.");
        return Result(rows, 0, result.Snapshot);
    }

    // The rows are computed first: a query that fails leaves no empty table behind.
    private async Task<SqlQuery> CreateAsync(SqlQuery query, CancellationToken cancellationToken)
    {
        const string Rows = "pipeline_rows_of_table";
        await session.ExecuteAsync(query, $"CREATE OR REPLACE TEMP TABLE {Rows} AS SELECT * FROM ({query.Select})", cancellationToken);
        var rows = new SqlQuery($"SELECT * FROM {Rows}", query.Name);
        var schema = await session.RunAsync(rows, connection => DeltaSchema.OfQuery(connection, rows.Select, cancellationToken), cancellationToken);
        await _table.CreateIfNotExistsAsync(
            new DeltaTableDefinition
            {
                Schema = schema,
                PartitionColumns = settings.List("partition_by"),
                Configuration = new Dictionary<string, string?> { ["delta.setTransactionRetentionDuration"] = EffectsKept },
            },
            cancellationToken);
        return rows;
    }

    /// <summary>Casts what Delta has no type for and what loses nothing by it.</summary>
    private async Task<SqlQuery> FitAsync(SqlQuery query, CancellationToken cancellationToken)
    {
        var casts = new List<string>();
        foreach (var (name, type) in await session.DescribeAsync(query, cancellationToken))
        {
            if (DeltaTypeFor(type) is { } fitting)
                casts.Add($"CAST({Sql.Identifier(name)} AS {fitting}) AS {Sql.Identifier(name)}");
        }

        return casts.Count == 0 ? query : query with { Select = $"SELECT * REPLACE ({string.Join(", ", casts)}) FROM ({query.Select})" };
    }

    // A sum of BIGINT is a HUGEINT; one beyond BIGINT fails and is never wrong. A time without a zone is taken as UTC, as the session has it.
    private static string? DeltaTypeFor(string type) => type switch
    {
        "HUGEINT" or "UHUGEINT" => "BIGINT",
        "UBIGINT" => "DECIMAL(20,0)",
        "TIMESTAMP" or "TIMESTAMP_S" or "TIMESTAMP_MS" or "TIMESTAMP_NS" => "TIMESTAMP WITH TIME ZONE",
        "UUID" or "TIME" or "TIME_NS" or "TIME WITH TIME ZONE" or "INTERVAL" or "BIT" => "VARCHAR",
        "\"NULL\"" => "VARCHAR",
        _ => null,
    };

    private TaskResult AlreadyDone(DeltaSnapshot snapshot)
    {
        context.Log.Info($"An earlier try of this task committed its rows to table {path} already; nothing is left to do.");
        return Result(0, 0, snapshot);
    }

    private TaskResult Result(long rows, long bytes, DeltaSnapshot snapshot) => new()
    {
        RowsWritten = rows,
        BytesWritten = bytes,
        Output = new TaskOutput(OutputKind.Table, [path], snapshot.Version),
    };
}
