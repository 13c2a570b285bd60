using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Pipeline.Workflows.Application.Engine;
using Pipeline.Workflows.Contracts;
using Pipeline.Workflows.Domain;

namespace Pipeline.Workflows.Infrastructure.Postgres;

/// <summary>The statements that change runs.</summary>
internal static class RunCommands
{
    private const string FinishSql =
        """
        SELECT f.*, r.workflow, r.traceparent
        FROM workflows.finish($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) f, workflows.runs r
        WHERE r.id = $1
        """;

    private const string RenewSql =
        """
        UPDATE workflows.tasks t SET lease_until = clock_timestamp() + $2
        FROM unnest($3, $4, $5) AS k (run_id, ordinal, try) JOIN workflows.runs r ON r.id = k.run_id
        WHERE t.run_id = k.run_id AND t.ordinal = k.ordinal AND t.state = 'running' AND t.try = k.try AND t.owner = $1
        RETURNING t.run_id, t.ordinal, t.try, r.stop IS NOT NULL
        """;

    // The run's lock orders the lines of a run: who follows its log misses none.
    private const string LockRun = "SELECT FROM workflows.runs WHERE id = $1 FOR NO KEY UPDATE";

    private const string Mine = "run_id = $1 AND ordinal = $2 AND state = 'running' AND try = $3 AND owner = $4";

    private const string ProgressSql = $"UPDATE workflows.tasks SET rows_written = $5, bytes_written = $6 WHERE {Mine}";

    private const string LogSql =
        $"""
        INSERT INTO workflows.logs (run_id, ordinal, try, at, warning, line)
        SELECT $1, $2, $3, l.at, l.warning, l.line FROM unnest($5, $6, $7) WITH ORDINALITY AS l (at, warning, line, place)
        WHERE EXISTS (SELECT FROM workflows.tasks WHERE {Mine}) ORDER BY l.place
        """;

    public static NpgsqlBatchCommand Keep(WorkflowDefinition definition) => new(
        """
        INSERT INTO workflows.versions (workflow, version, files, graph, max_active_runs, max_parallel_tasks, timeout)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING
        """)
    {
        Parameters =
        {
            Parameter.Of(definition.Name),
            Parameter.Of(definition.Version),
            Parameter.Json(JsonSerializer.Serialize(definition.Files, EngineJsonContext.Default.IReadOnlyDictionaryStringString)),
            Parameter.Json(JsonSerializer.Serialize(GraphNode.Of(definition), EngineJsonContext.Default.IReadOnlyListGraphNode)),
            Parameter.Of(definition.MaxActiveRuns),
            Parameter.Of(definition.MaxParallelTasks),
            Parameter.OrNull(NpgsqlDbType.Interval, definition.Timeout),
        },
    };

    public static NpgsqlBatchCommand Ensure(string workflow) => new("INSERT INTO workflows.workflows (name) VALUES ($1) ON CONFLICT DO NOTHING")
    {
        Parameters = { Parameter.Of(workflow) },
    };

    public static async Task<IReadOnlyList<long>> StartAsync(NpgsqlConnection connection, NewRuns runs, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT workflows.start_runs($1, $2, $3, $4, $5, $6, $7, $8)", connection)
        {
            Parameters =
            {
                Parameter.Of(runs.Workflow),
                Parameter.Of(runs.Version),
                Parameter.Of(Names<RunTrigger>.Of(runs.Trigger)),
                Parameter.Times(runs.LogicalDates),
                Parameter.Of(runs.AreSlots),
                Parameter.Json(JsonSerializer.Serialize(runs.Parameters, EngineJsonContext.Default.IReadOnlyDictionaryStringString)),
                Parameter.OrNull(NpgsqlDbType.Bigint, runs.Backfill),
                Parameter.OrNull(NpgsqlDbType.Text, WorkflowsTelemetry.TraceParent),
            },
        };
        var made = new List<long>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            made.Add(reader.GetInt64(0));
        return made;
    }

    public static NpgsqlBatchCommand Claim(string owner, TimeSpan lease, int count, long? run) => new("SELECT * FROM workflows.claim($1, $2, $3, $4)")
    {
        Parameters = { Parameter.Of(owner), Parameter.Of(lease), Parameter.Of(count), Parameter.OrNull(NpgsqlDbType.Bigint, run) },
    };

    public static NpgsqlBatchCommand Finish(FinishedTry finished, int maxLost, int claims) => new(FinishSql)
    {
        Parameters =
        {
            Parameter.Of(finished.Key.RunId),
            Parameter.Of(finished.Key.Ordinal),
            Parameter.Of(finished.Key.Try),
            Parameter.Of(finished.Owner),
            Parameter.Of(Names<TryOutcome>.Of(finished.Outcome)),
            Parameter.OrNull(NpgsqlDbType.Text, finished.Error),
            Parameter.Of(finished.Delay),
            Parameter.Of(maxLost),
            Parameter.OrNull(NpgsqlDbType.Bigint, finished.Result?.RowsRead),
            Parameter.OrNull(NpgsqlDbType.Bigint, finished.Result?.RowsWritten),
            Parameter.OrNull(NpgsqlDbType.Bigint, finished.Result?.BytesWritten),
            Parameter.Json(finished.Result?.Output is { } output ? JsonSerializer.Serialize(output, EngineJsonContext.Default.TaskOutput) : null),
            Parameter.OrNull(NpgsqlDbType.Text, finished.OutputText),
            Parameter.Json(finished.Result?.Cursor?.ToJsonString()),
            Parameter.Times(finished.Log.Select(l => l.At)),
            Parameter.Of(finished.Log.Select(l => l.Warning).ToArray()),
            Parameter.Of(finished.Log.Select(l => l.Text).ToArray()),
            Parameter.Of(claims),
        },
    };

    public static NpgsqlBatchCommand Renew(string owner, TimeSpan lease, IReadOnlyCollection<TryKey> tries) => new(RenewSql)
    {
        Parameters =
        {
            Parameter.Of(owner),
            Parameter.Of(lease),
            Parameter.Of(tries.Select(t => t.RunId).ToArray()),
            Parameter.Of(tries.Select(t => t.Ordinal).ToArray()),
            Parameter.Of(tries.Select(t => t.Try).ToArray()),
        },
    };

    public static IEnumerable<NpgsqlBatchCommand> Report(string owner, TryKey key, IReadOnlyList<LogLine> lines, long rows, long bytes)
    {
        yield return new NpgsqlBatchCommand(LockRun) { Parameters = { Parameter.Of(key.RunId) } };
        yield return Of(ProgressSql, Parameter.Of(rows), Parameter.Of(bytes));
        if (lines.Count > 0)
        {
            yield return Of(
                LogSql,
                Parameter.Times(lines.Select(l => l.At)),
                Parameter.Of(lines.Select(l => l.Warning).ToArray()),
                Parameter.Of(lines.Select(l => l.Text).ToArray()));
        }

        NpgsqlBatchCommand Of(string sql, params NpgsqlParameter[] more)
        {
            var command = new NpgsqlBatchCommand(sql)
                { Parameters = { Parameter.Of(key.RunId), Parameter.Of(key.Ordinal), Parameter.Of(key.Try), Parameter.Of(owner) } };
            foreach (var parameter in more)
                command.Parameters.Add(parameter);
            return command;
        }
    }

    public static async Task<StopResult> StopAsync(NpgsqlConnection connection, long run, RunState state, CancellationToken cancellationToken)
    {
        const string Sql = "SELECT s.*, r.workflow, r.traceparent FROM workflows.stop_run($1, $2) s LEFT JOIN workflows.runs r ON r.id = $1";
        await using var command = new NpgsqlCommand(Sql, connection) { Parameters = { Parameter.Of(run), Parameter.Of(Names<RunState>.Of(state)) } };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var before = reader.IsDBNull(0) ? (RunState?)null : Names<RunState>.Parse(reader.GetString(0));
        return new StopResult(before, RunRows.Ended(reader, run, 1));
    }
}
