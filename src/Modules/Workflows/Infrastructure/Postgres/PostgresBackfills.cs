using Npgsql;
using Pipeline.Postgres;
using Pipeline.Workflows.Application.Engine;

namespace Pipeline.Workflows.Infrastructure.Postgres;

/// <summary>Backfills in PostgreSQL.</summary>
internal sealed class PostgresBackfills(NpgsqlDataSource dataSource) : IBackfills
{
    private const string Add = "INSERT INTO workflows.backfills (workflow, from_date, to_date, concurrency) VALUES ($1, $2, $3, $4) RETURNING id";

    private const string Mark = "UPDATE workflows.backfills SET cancelled_at = coalesce(cancelled_at, clock_timestamp()) WHERE id = $1";

    private const string CancelQueued =
        """
        WITH ended AS (
            UPDATE workflows.runs SET state = 'cancelled', ended_at = clock_timestamp() WHERE backfill_id = $1 AND state = 'queued' RETURNING id)
        UPDATE workflows.tasks t SET state = 'cancelled', ended_at = clock_timestamp()
        FROM ended e WHERE t.run_id = e.id AND t.state IN ('waiting', 'ready', 'retrying')
        """;

    private const string Running = "SELECT id FROM workflows.runs WHERE backfill_id = $1 AND state = 'running' ORDER BY id DESC";

    public async Task<long> StartAsync(NewRuns runs, DateTimeOffset from, DateTimeOffset to, int concurrency, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await using var add = new NpgsqlCommand(Add, connection)
            {
                Parameters = { Parameter.Of(runs.Workflow), Parameter.Of(from.UtcDateTime), Parameter.Of(to.UtcDateTime), Parameter.Of(concurrency) },
            };
            var id = (long)(await add.ExecuteScalarAsync(cancellationToken))!;
            await RunCommands.StartAsync(connection, runs with { Backfill = id }, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return id;
        }
        catch (Exception e)
        {
            throw PostgresErrors.Translate(e, $"Start a backfill of {runs.Workflow}");
        }
    }

    public async Task<IReadOnlyList<long>?> CancelAsync(long backfill, CancellationToken cancellationToken)
    {
        try
        {
            await using var batch = dataSource.CreateBatch();
            foreach (var sql in (string[])[Mark, CancelQueued, Running])
                batch.BatchCommands.Add(new NpgsqlBatchCommand(sql) { Parameters = { Parameter.Of(backfill) } });
            await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
            if (batch.BatchCommands[0].RecordsAffected == 0)
                return null;
            var running = new List<long>();
            while (await reader.ReadAsync(cancellationToken))
                running.Add(reader.GetInt64(0));
            return running;
        }
        catch (Exception e)
        {
            throw PostgresErrors.Translate(e, $"Cancel backfill {backfill}");
        }
    }
}
