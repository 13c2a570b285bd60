using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Pipeline.Postgres;
using Pipeline.Workflows.Application;
using Pipeline.Workflows.Application.Engine;
using Pipeline.Workflows.Contracts;

namespace Pipeline.Workflows.Infrastructure.Postgres;

/// <summary>What PostgreSQL knows of runs.</summary>
internal sealed class PostgresRunQueries(NpgsqlDataSource dataSource) : IRunQueries
{
    private const string RunColumns =
        """
        r.id, r.workflow, r.version, r.trigger, r.logical_date, r.state, r.stop IS NOT NULL, r.attempt, r.created_at, r.started_at, r.ended_at, r.error, r.backfill_id,
        (SELECT jsonb_object_agg(s.state, s.n) FROM (SELECT t.state, count(*) AS n FROM workflows.tasks t WHERE t.run_id = r.id GROUP BY t.state) s)
        """;

    private const int RunWidth = 14;

    private const string Workflows =
        $"""
        SELECT {RunColumns}, w.name, w.paused
        FROM workflows.workflows w
        LEFT JOIN LATERAL (SELECT * FROM workflows.runs l WHERE l.workflow = w.name ORDER BY l.id DESC LIMIT 1) r ON true
        WHERE $1 IS NULL OR w.name = $1
        """;

    private const string Tasks =
        """
        SELECT name, state, next, try, owner, not_before, started_at, ended_at, rows_read, rows_written, bytes_written, output_text, error
        FROM workflows.tasks WHERE run_id = $1 ORDER BY ordinal
        """;

    private const string Tries = "SELECT ordinal, try, outcome, owner, started_at, ended_at, error FROM workflows.tries WHERE run_id = $1 ORDER BY ordinal, try";

    private const string Logs =
        """
        SELECT l.id, t.name, l.try, l.at, l.warning, l.line FROM workflows.logs l JOIN workflows.tasks t USING (run_id, ordinal)
        WHERE l.run_id = $1 AND l.id > $2 AND ($3 IS NULL OR t.name = $3) AND ($4 IS NULL OR l.try = $4) ORDER BY l.id LIMIT $5
        """;

    private const string Backfill =
        """
        SELECT b.workflow, b.from_date, b.to_date, b.concurrency, b.created_at, b.cancelled_at,
            (SELECT jsonb_object_agg(s.state, s.n) FROM (SELECT r.state, count(*) AS n FROM workflows.runs r WHERE r.backfill_id = b.id GROUP BY r.state) s)
        FROM workflows.backfills b WHERE b.id = $1
        """;

    public Task<IReadOnlyDictionary<string, WorkflowRecord>> GetWorkflowsAsync(string? name, CancellationToken cancellationToken) =>
        DoAsync<IReadOnlyDictionary<string, WorkflowRecord>>("Read workflows", async () =>
        {
            await using var command = dataSource.CreateCommand(Workflows);
            command.Parameters.Add(Parameter.OrNull(NpgsqlDbType.Text, name));
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            var records = new Dictionary<string, WorkflowRecord>(StringComparer.Ordinal);
            while (await reader.ReadAsync(cancellationToken))
                records.Add(reader.GetString(RunWidth), new WorkflowRecord(reader.GetBoolean(RunWidth + 1), reader.IsDBNull(0) ? null : Run(reader)));
            return records;
        });

    public Task<IReadOnlyList<RunSummary>> ListAsync(ListRuns query, int limit, CancellationToken cancellationToken) =>
        DoAsync<IReadOnlyList<RunSummary>>("List runs", async () =>
        {
            await using var command = dataSource.CreateCommand();
            command.Parameters.Add(Parameter.Of(limit));
            var filter = Filter(command, "r.workflow =", query.Workflow) + Filter(command, "r.state =", query.State is { } state ? Names<RunState>.Of(state) : null)
                + Filter(command, "r.backfill_id =", query.Backfill) + Filter(command, "r.id <", query.Before);
            command.CommandText = $"SELECT {RunColumns} FROM workflows.runs r WHERE true{filter} ORDER BY r.id DESC LIMIT $1";
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            var runs = new List<RunSummary>();
            while (await reader.ReadAsync(cancellationToken))
                runs.Add(Run(reader));
            return runs;
        });

    public Task<RunSummary?> FindAsync(long run, CancellationToken cancellationToken) => DoAsync($"Read run {run}", async () =>
    {
        await using var command = dataSource.CreateCommand($"SELECT {RunColumns} FROM workflows.runs r WHERE r.id = $1");
        command.Parameters.Add(Parameter.Of(run));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? Run(reader) : null;
    });

    public Task<RunDetails?> GetAsync(long run, CancellationToken cancellationToken) => DoAsync($"Read run {run}", async () =>
    {
        // One snapshot, so that run, tasks and tries fit together.
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, cancellationToken);
        await using var batch = new NpgsqlBatch(connection);
        foreach (var sql in (string[])[$"SELECT {RunColumns}, r.params FROM workflows.runs r WHERE r.id = $1", Tasks, Tries])
            batch.BatchCommands.Add(new NpgsqlBatchCommand(sql) { Parameters = { Parameter.Of(run) } });
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? await DetailsAsync(reader, cancellationToken) : null;
    });

    public Task<TaskOutput?> GetOutputAsync(long run, string task, CancellationToken cancellationToken) => DoAsync($"Read what task {task} of run {run} left", async () =>
    {
        await using var command = dataSource.CreateCommand("SELECT output FROM workflows.tasks WHERE run_id = $1 AND name = $2");
        command.Parameters.Add(Parameter.Of(run));
        command.Parameters.Add(Parameter.Of(task));
        return await command.ExecuteScalarAsync(cancellationToken) is string output ? JsonSerializer.Deserialize(output, EngineJsonContext.Default.TaskOutput) : null;
    });

    public async Task<IReadOnlyList<RunLogLine>?> GetLogsAsync(GetRunLogs query, CancellationToken cancellationToken)
    {
        var lines = await DoAsync($"Read the log of run {query.Id}", async () =>
        {
            await using var command = dataSource.CreateCommand(Logs);
            command.Parameters.Add(Parameter.Of(query.Id));
            command.Parameters.Add(Parameter.Of(query.After));
            command.Parameters.Add(Parameter.OrNull(NpgsqlDbType.Text, query.Task));
            command.Parameters.Add(Parameter.OrNull(NpgsqlDbType.Integer, query.Try));
            command.Parameters.Add(Parameter.Of(query.Limit));
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            var read = new List<RunLogLine>();
            while (await reader.ReadAsync(cancellationToken))
            {
                read.Add(new RunLogLine(
                    reader.GetInt64(0), reader.GetString(1), reader.GetInt32(2), reader.GetFieldValue<DateTimeOffset>(3), reader.GetBoolean(4), reader.GetString(5)));
            }

            return read;
        });
        return lines.Count > 0 || await FindAsync(query.Id, cancellationToken) is not null ? lines : null;
    }

    public Task<BackfillDetails?> GetBackfillAsync(long backfill, CancellationToken cancellationToken) => DoAsync($"Read backfill {backfill}", async () =>
    {
        await using var command = dataSource.CreateCommand(Backfill);
        command.Parameters.Add(Parameter.Of(backfill));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return !await reader.ReadAsync(cancellationToken)
            ? null
            : new BackfillDetails
            {
                Id = backfill,
                Workflow = reader.GetString(0),
                From = reader.GetFieldValue<DateTimeOffset>(1),
                To = reader.GetFieldValue<DateTimeOffset>(2),
                Concurrency = reader.GetInt32(3),
                CreatedAt = reader.GetFieldValue<DateTimeOffset>(4),
                CancelledAt = RunRows.Time(reader, 5),
                Runs = Counts(reader, 6),
            };
    });

    private static async Task<RunDetails> DetailsAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        var run = Run(reader);
        var parameters = RunRows.Texts(reader.GetString(RunWidth));
        await reader.NextResultAsync(cancellationToken);
        var tasks = new List<(RunTask Task, int[] Next, List<RunTry> Tries)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var tries = new List<RunTry>();
            var task = new RunTask
            {
                Name = reader.GetString(0),
                State = Names<TaskState>.Parse(reader.GetString(1)),
                Before = [],
                Try = reader.GetInt32(3),
                Worker = RunRows.Text(reader, 4),
                NotBefore = RunRows.Time(reader, 5),
                StartedAt = RunRows.Time(reader, 6),
                EndedAt = RunRows.Time(reader, 7),
                RowsRead = reader.GetInt64(8),
                RowsWritten = reader.GetInt64(9),
                BytesWritten = reader.GetInt64(10),
                Output = RunRows.Text(reader, 11),
                Error = RunRows.Text(reader, 12),
                Tries = tries,
            };
            tasks.Add((task, reader.GetFieldValue<int[]>(2), tries));
        }

        await reader.NextResultAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            tasks[reader.GetInt32(0)].Tries.Add(new RunTry(
                reader.GetInt32(1), Names<TryOutcome>.Parse(reader.GetString(2)), reader.GetString(3), reader.GetFieldValue<DateTimeOffset>(4),
                reader.GetFieldValue<DateTimeOffset>(5), RunRows.Text(reader, 6)));
        }

        return new RunDetails(run, parameters, [.. tasks.Select(t => t.Task with { Before = [.. t.Next.Select(n => tasks[n].Task.Name)] })]);
    }

    private static RunSummary Run(NpgsqlDataReader reader) => new()
    {
        Id = reader.GetInt64(0),
        Workflow = reader.GetString(1),
        Version = reader.GetString(2),
        Trigger = Names<RunTrigger>.Parse(reader.GetString(3)),
        LogicalDate = reader.GetFieldValue<DateTimeOffset>(4),
        State = Names<RunState>.Parse(reader.GetString(5)),
        Stopping = reader.GetBoolean(6),
        Attempt = reader.GetInt32(7),
        CreatedAt = reader.GetFieldValue<DateTimeOffset>(8),
        StartedAt = RunRows.Time(reader, 9),
        EndedAt = RunRows.Time(reader, 10),
        Error = RunRows.Text(reader, 11),
        Backfill = reader.IsDBNull(12) ? null : reader.GetInt64(12),
        Tasks = Counts(reader, 13),
    };

    private static Dictionary<string, int> Counts(NpgsqlDataReader reader, int column) =>
        reader.IsDBNull(column) ? [] : JsonSerializer.Deserialize(reader.GetString(column), EngineJsonContext.Default.DictionaryStringInt32)!;

    private static string Filter<T>(NpgsqlCommand command, string condition, T? value)
    {
        if (value is null)
            return "";
        command.Parameters.Add(new NpgsqlParameter { Value = value });
        return $" AND {condition} ${command.Parameters.Count}";
    }

    private static async Task<T> DoAsync<T>(string operation, Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (Exception e)
        {
            throw PostgresErrors.Translate(e, operation);
        }
    }
}
