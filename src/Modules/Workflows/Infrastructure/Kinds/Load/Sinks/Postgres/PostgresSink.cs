using Npgsql;
using Pipeline.Postgres;
using Pipeline.Workflows.Application;
using Pipeline.Workflows.Infrastructure.Kinds.Postgres;

namespace Pipeline.Workflows.Infrastructure.Kinds.Load.Sinks.Postgres;

/// <summary>
/// The sink <c>postgres</c>. Everything is one transaction of the target database: the table where it is missing, the rows, and a mark that they are there, by
/// which a second try knows that nothing is left to do.
/// </summary>
internal sealed class PostgresSink(Databases databases) : ISink
{
    private const string Append = "append";
    private const string TruncateInsert = "truncate_insert";
    private const string Upsert = "upsert";
    private const int CreationAttempts = 3;

    public string Name => "postgres";

    public IEnumerable<TaskFault> Check(KindSettings settings)
    {
        if (settings.Text("table") is { } table && !table.Contains("${", StringComparison.Ordinal) && TargetName.TryParse(table) is null)
            yield return new TaskFault("table", $"'{table}' is no table: it is written as schema.table.");
        if (settings.Text("mode") == Upsert && settings.List("keys").Count == 0)
            yield return new TaskFault("keys", "An upsert needs the columns that tell rows apart.");
    }

    public async Task<TaskResult> WriteAsync(SinkRequest request, CancellationToken cancellationToken)
    {
        var settings = request.Settings;
        var text = settings.Required("table");
        var target = TargetName.TryParse(text)
            ?? throw new TerminalException($"{settings.FieldOf("table")}: '{text}' is no table: it is written as schema.table.");
        var mode = settings.Text("mode") ?? Append;
        var keys = settings.List("keys");
        if (mode is not (Append or TruncateInsert or Upsert))
            throw new TerminalException($"{settings.FieldOf("mode")}: '{mode}' is none of {Append}, {TruncateInsert}, {Upsert}.");
        if (mode == Upsert && keys.Count == 0)
            throw new TerminalException($"{settings.FieldOf("keys")} is missing: an upsert needs the columns that tell rows apart.");
        var columns = await request.Session.DescribeAsync(request.Query, cancellationToken);
        await using var connection = await databases.OpenAsync(settings.Text("connection"), cancellationToken);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await WriteAsync(request, connection, target, mode, keys, columns, cancellationToken);
            }
            catch (PostgresException e) when (attempt < CreationAttempts && IsCreatedMeanwhile(e))
            {
                // No row was taken yet, and the new transaction knows what the other load created.
            }
            catch (NpgsqlException e)
            {
                throw Translate(e, target, keys);
            }
        }
    }

    /// <summary>
    /// Whether another load created the schema or a table at the same time. The lock around creations does not keep this from happening: who has waited for it
    /// may still look into what it knew before, as advisory locks make no session forget.
    /// </summary>
    private static bool IsCreatedMeanwhile(PostgresException e) =>
        e.SqlState is PostgresErrorCodes.DuplicateSchema or PostgresErrorCodes.DuplicateTable
        || (e.SqlState == PostgresErrorCodes.UniqueViolation && e.SchemaName == "pg_catalog");

    private static async Task<TaskResult> WriteAsync(
        SinkRequest request, NpgsqlConnection connection, TargetName target, string mode, IReadOnlyList<string> keys,
        IReadOnlyList<(string Name, string Type)> columns,
        CancellationToken cancellationToken)
    {
        var log = request.Context.Log;
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var mark = new LoadMark(connection, target, request.Context.EffectId);
        if (await mark.TrySetAsync(cancellationToken) is { } before)
        {
            log.Info($"An earlier try of this task committed its {before} rows to {target} already; nothing is left to do.");
            return Result(target, 0, 0);
        }

        var table = new TargetTable(connection, target);
        if (await table.EnsureAsync(columns, mode == Upsert ? keys : [], cancellationToken))
            log.Info($"Created table {target}.");
        var coded = await table.CodeAsync(columns, cancellationToken);
        if (mode == TruncateInsert)
            await table.EmptyAsync(cancellationToken);

        var copied = new CopyIntoTable(connection, request, coded);
        long written;
        if (mode == Upsert || coded.Any(c => c.IsStaged))
        {
            var staged = await table.CreateStagedAsync(coded, cancellationToken);
            await copied.RunAsync(staged, cancellationToken);
            written = await table.InsertAsync(staged, coded, mode == Upsert ? keys : [], cancellationToken);
        }
        else
        {
            await copied.RunAsync(target.Quoted, cancellationToken);
            written = copied.Rows;
        }

        await mark.CompleteAsync(written, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        log.Info($"Loaded {written} rows into {target} ({mode}).");
        return Result(target, written, copied.Bytes) with { RowsRead = copied.Rows };
    }

    private static TaskResult Result(TargetName target, long rows, long bytes) =>
        new() { RowsWritten = rows, BytesWritten = bytes, Output = new TaskOutput(OutputKind.Postgres, [target.ToString()]) };

    private static Exception Translate(NpgsqlException error, TargetName target, IReadOnlyList<string> keys)
    {
        var operation = $"Load into {target}";
        var names = string.Join(", ", keys);
        return error is not PostgresException { SqlState: var state } postgres ? PostgresErrors.Translate(error, operation) : state switch
        {
            "42P10" => new TerminalException($"{operation}: the table has no unique constraint on ({names}), which an upsert by these keys needs.", error),
            PostgresErrorCodes.CardinalityViolation => new TerminalException($"{operation}: several rows have the same keys ({names}).", error),

            // What PostgreSQL says of the row: COPY names its number and its column there.
            _ when postgres.Where is { Length: > 0 } where && !PostgresErrors.IsTransient(error) =>
                new TerminalException($"{operation}: {postgres.MessageText} ({state}). {where.ReplaceLineEndings(" ")}", error),
            _ when postgres.ConstraintName is { Length: > 0 } constraint && !PostgresErrors.IsTransient(error) =>
                new TerminalException($"{operation}: {postgres.MessageText} ({state}, constraint {constraint}).", error),
            _ => PostgresErrors.Translate(error, operation),
        };
    }
}
