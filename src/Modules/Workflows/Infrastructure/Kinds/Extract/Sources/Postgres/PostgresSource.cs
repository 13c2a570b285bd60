using System.Data;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Options;
using Npgsql;
using Pipeline.DuckDb;
using Pipeline.Postgres;
using Pipeline.Workflows.Application;
using Pipeline.Workflows.Domain;
using Pipeline.Workflows.Infrastructure.Kinds.Engine;
using Pipeline.Workflows.Infrastructure.Kinds.Extract.Sources.Files;
using Pipeline.Workflows.Infrastructure.Kinds.Extract.Sources.Web;
using Pipeline.Workflows.Infrastructure.Kinds.Postgres;

namespace Pipeline.Workflows.Infrastructure.Kinds.Extract.Sources.Postgres;

/// <summary>The source <c>postgres</c>: a table or a query, streamed by COPY out of one snapshot, from where the last run ended.</summary>
/// <remarks>A cursor finds what was committed with a greater value; rows that a slow transaction commits later with a smaller one are not seen.</remarks>
internal sealed class PostgresSource(Databases databases, IOptions<WorkflowsOptions> options, TimeProvider time) : ISource
{
    // What is text on the way must not depend on how the server or the user is set up.
    private const string Session =
        "SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL intervalstyle = 'postgres'; SET LOCAL extra_float_digits = 1";

    public string Name => "postgres";

    public IEnumerable<TaskFault> Check(WorkflowDefinition workflow, KindSettings settings)
    {
        if (settings.Has("table") == settings.Has("query"))
            yield return new TaskFault("", "Exactly one of table, query says which rows.");
    }

    public async Task<SourceRows> OpenAsync(SourceRequest request, CancellationToken cancellationToken)
    {
        var settings = request.Settings;
        var (select, name) = Select(settings);
        await using var connection = await databases.OpenAsync(settings.Text("connection"), cancellationToken);
        try
        {
            return await OpenAsync(request, connection, select, name, cancellationToken);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.ReadOnlySqlTransaction)
        {
            throw new TerminalException($"Read {name}: {e.MessageText}; a source is only read.", e);
        }
        catch (NpgsqlException e)
        {
            throw PostgresErrors.Translate(e, $"Read {name}");
        }
    }

    private static (string Select, string Name) Select(KindSettings settings)
    {
        if (settings.Text("table") is { } table)
            return ($"SELECT * FROM {string.Join('.', table.Split('.').Select(Sql.Identifier))}", $"PostgreSQL table {table}");
        var query = settings.Text("query") ?? throw new TerminalException($"{settings.FieldOf("table")} or {settings.FieldOf("query")} is missing.");
        return (query.TrimEnd().TrimEnd(';') + "\n", "PostgreSQL query");
    }

    private async Task<SourceRows> OpenAsync(
        SourceRequest request, NpgsqlConnection connection, string select, string name, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        await ExecuteAsync(connection, $"SET TRANSACTION READ ONLY; {Session}", cancellationToken);
        var columns = await DescribeAsync(connection, select, name, request.Columns, cancellationToken);

        // COPY takes no parameters: what the cursor holds is a literal.
        var cursor = request.Settings.Section("cursor");
        if (cursor?.Required("column") is { } column)
        {
            if (columns.All(c => c.Name != column))
                throw new TerminalException(
                    $"{name}: there is no column '{column}' for the cursor; there are {string.Join(", ", columns.Select(c => c.Name))}.");
            if ((request.Context.Cursor as JsonValue)?.ToString() is { } last)
                select = $"SELECT * FROM ({select}) q WHERE {Sql.Identifier(column)} > {Sql.Literal(last)}";
            else if (cursor.Value.Text("initial") is { } initial)
                select = $"SELECT * FROM ({select}) q WHERE {Sql.Identifier(column)} > {Sql.Literal(initial)}";
        }

        var file = new InputFile(request.Session.NewFile(".csv"), name);
        var export = $"SELECT {string.Join(", ", columns.Select(c => c.Export))} FROM ({select}) q";
        var longest = await CopyAsync(connection, export, file, request.Context.Log, cancellationToken);
        var next = cursor is null ? null : await GreatestAsync(connection, select, cursor.Value.Required("column"), cancellationToken);
        return new SourceRows(await ReadAsync(request.Session, file, longest, columns, cancellationToken), next is null ? null : JsonValue.Create(next));
    }

    private static async Task<List<PostgresColumn>> DescribeAsync(
        NpgsqlConnection connection, string select, string name, IReadOnlyList<KeyValuePair<string, string>> declared, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand($"SELECT * FROM ({select}) q LIMIT 0", connection);
        await using var reader = await command.ExecuteReaderAsync(CommandBehavior.SchemaOnly, cancellationToken);
        var schema = reader.GetColumnSchema();
        Columns.RefuseMissing(name, schema.Select(c => c.ColumnName), declared);
        return [.. schema.Select(c => PostgresColumn.Of(c, declared.FirstOrDefault(d => d.Key == c.ColumnName).Value))];
    }

    /// <summary>Copies the rows as they come; returns the length of the longest.</summary>
    private async Task<long> CopyAsync(NpgsqlConnection connection, string select, InputFile file, ITaskLog log, CancellationToken cancellationToken)
    {
        var copy = $"COPY ({select}) TO STDOUT (FORMAT csv, FORCE_QUOTE *, NULL '{StagedCsv.Null}')";
        try
        {
            using var reader = await BeginAsync(connection, copy, file.Name, cancellationToken);

            // The bytes as they come: nothing of them is decoded here.
            await using var input = new PatientStream(reader.BaseStream, file.Name, options.Value.SourceTimeout, time);
            await using var output = new FileStream(file.Local, FileMode.CreateNew, FileAccess.Write, FileShare.Read, 0, FileOptions.Asynchronous);
            var buffer = new byte[256 << 10];
            var length = 0L;
            var records = new RecordLengths();
            int read;
            while ((read = await input.ReadAsync(buffer, cancellationToken)) > 0)
            {
                await output.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
                records.Add(buffer.AsSpan(0, read));
                length += read;
                log.Progress(0, length);
            }

            return records.Longest;
        }
        catch (IOException e)
        {
            throw InputFiles.Unreadable(file.Name, e);
        }
    }

    // The first answer comes with the first row: the same patience holds for it.
    private async Task<StreamReader> BeginAsync(NpgsqlConnection connection, string copy, string name, CancellationToken cancellationToken)
    {
        using var silence = new CancellationTokenSource(options.Value.SourceTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, silence.Token);
        try
        {
            return (StreamReader)await connection.BeginTextExportAsync(copy, either.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TransientException($"{name}: no row came within {options.Value.SourceTimeout.TotalSeconds:0.#} s.", e);
        }
    }

    private static async Task<string?> GreatestAsync(NpgsqlConnection connection, string select, string column, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand($"SELECT max({Sql.Identifier(column)})::text FROM ({select}) q", connection) { CommandTimeout = 0 };
        return await command.ExecuteScalarAsync(cancellationToken) as string;
    }

    private static async Task<SqlQuery> ReadAsync(
        SqlSession session, InputFile file, long longest, List<PostgresColumn> columns, CancellationToken cancellationToken)
    {
        // All types are known, so that an empty file is as good as any.
        var read = await CsvFormat.OpenAsync(
            session, file.Name, [file], StagedCsv.Dialect(null, longest), [.. columns.Select(c => KeyValuePair.Create(c.Name, c.ReadAs))], cancellationToken);
        return columns.All(c => c.Import == Sql.Identifier(c.Name))
            ? read
            : read with { Select = $"SELECT {string.Join(", ", columns.Select(c => $"{c.Import} AS {Sql.Identifier(c.Name)}"))} FROM ({read.Select})" };
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
