using System.Text.Json;
using Npgsql;
using Pipeline.Postgres;
using Pipeline.Workflows.Application;
using Pipeline.Workflows.Application.Engine;

namespace Pipeline.Workflows.Infrastructure.Postgres;

/// <summary>Deletes from PostgreSQL. The runs of a batch are held meanwhile, so that none of them is run again.</summary>
internal sealed class PostgresRunPurge(NpgsqlDataSource dataSource) : IRunPurge
{
    private const string Take =
        """
        SELECT r.id, r.workflow, r.version, r.logical_date, r.params,
            (SELECT jsonb_object_agg(t.name, t.output) FROM workflows.tasks t WHERE t.run_id = r.id AND t.output IS NOT NULL)
        FROM workflows.runs r WHERE r.ended_at < $1 ORDER BY r.ended_at LIMIT $2 FOR UPDATE SKIP LOCKED
        """;

    private const string Definitions =
        """
        DELETE FROM workflows.versions v
        WHERE v.created_at < $1 AND v.version <> ALL ($2) AND NOT EXISTS (SELECT FROM workflows.runs r WHERE r.workflow = v.workflow AND r.version = v.version)
        """;

    private const string Backfills =
        "DELETE FROM workflows.backfills b WHERE b.created_at < $1 AND NOT EXISTS (SELECT FROM workflows.runs r WHERE r.backfill_id = b.id)";

    public async Task<int> PurgeAsync(DateTimeOffset endedBefore, int limit, Func<PurgedRun, Task> deleteFiles, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            var runs = await TakeAsync(connection, endedBefore, limit, cancellationToken);
            if (runs.Count == 0)
                return 0;
            foreach (var run in runs)
                await deleteFiles(run);
            await using var batch = new NpgsqlBatch(connection);
            foreach (var (table, column) in (ReadOnlySpan<(string, string)>)[("logs", "run_id"), ("tries", "run_id"), ("runs", "id")])
            {
                batch.BatchCommands.Add(new NpgsqlBatchCommand($"DELETE FROM workflows.{table} WHERE {column} = ANY ($1)")
                {
                    Parameters = { Parameter.Of(runs.Select(r => r.Facts.Id).ToArray()) },
                });
            }

            await batch.ExecuteNonQueryAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return runs.Count;
        }
        catch (Exception e)
        {
            throw PostgresErrors.Translate(e, "Purge runs");
        }
    }

    public async Task PurgeDefinitionsAsync(DateTimeOffset madeBefore, IReadOnlyCollection<string> current, CancellationToken cancellationToken)
    {
        try
        {
            await using var batch = dataSource.CreateBatch();
            batch.BatchCommands.Add(new NpgsqlBatchCommand(Definitions)
                { Parameters = { Parameter.Of(madeBefore.UtcDateTime), Parameter.Of(current.ToArray()) } });
            batch.BatchCommands.Add(new NpgsqlBatchCommand(Backfills) { Parameters = { Parameter.Of(madeBefore.UtcDateTime) } });
            await batch.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (Exception e)
        {
            throw PostgresErrors.Translate(e, "Purge definitions");
        }
    }

    private static async Task<List<PurgedRun>> TakeAsync(
        NpgsqlConnection connection, DateTimeOffset endedBefore, int limit, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Take, connection) { Parameters = { Parameter.Of(endedBefore.UtcDateTime), Parameter.Of((long)limit) } };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var runs = new List<PurgedRun>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var outputs = reader.IsDBNull(5) ? [] : JsonSerializer.Deserialize(reader.GetString(5), EngineJsonContext.Default.DictionaryStringTaskOutput)!;
            runs.Add(new PurgedRun(
                new RunFacts(reader.GetInt64(0), reader.GetString(1), reader.GetFieldValue<DateTimeOffset>(3), RunRows.Texts(reader.GetString(4))),
                reader.GetString(2),
                [.. outputs.Values.Where(o => o.Kind == OutputKind.Files).SelectMany(o => o.Paths)]));
        }

        return runs;
    }
}
