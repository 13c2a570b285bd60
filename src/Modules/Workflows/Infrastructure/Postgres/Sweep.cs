using Npgsql;
using Pipeline.Workflows.Application.Engine;
using Pipeline.Workflows.Contracts;

namespace Pipeline.Workflows.Infrastructure.Postgres;

/// <summary>Does what time has made due; each piece in a transaction of its own, as none holds more than one run.</summary>
internal sealed class Sweep(NpgsqlConnection connection, int maxLost, string lostError)
{
    private const string DueNow =
        """
        SELECT 'lost', run_id, ordinal, try, owner FROM workflows.tasks WHERE state = 'running' AND lease_until < clock_timestamp()
        UNION ALL
        SELECT DISTINCT 'wake', run_id, 0, 0, '' FROM workflows.tasks WHERE state = 'retrying' AND not_before <= clock_timestamp()
        UNION ALL
        SELECT 'late', id, 0, 0, '' FROM workflows.runs WHERE state = 'running' AND stop IS NULL AND deadline <= clock_timestamp()
        """;

    private const string DueNext =
        """
        SELECT least(
            (SELECT min(lease_until) FROM workflows.tasks WHERE state = 'running'),
            (SELECT min(not_before) FROM workflows.tasks WHERE state = 'retrying'),
            (SELECT min(deadline) FROM workflows.runs WHERE state = 'running' AND stop IS NULL AND deadline IS NOT NULL)) - clock_timestamp()
        """;

    public async Task<SweepResult> RunAsync(CancellationToken cancellationToken)
    {
        var due = new List<(string What, TryKey Key, string Owner)>();
        await using (var command = new NpgsqlCommand(DueNow, connection))
        {
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
                due.Add((reader.GetString(0), new TryKey(reader.GetInt64(1), reader.GetInt32(2), reader.GetInt32(3)), reader.GetString(4)));
        }

        var lost = new List<TryKey>();
        var ended = new List<EndedRun>();
        foreach (var (what, key, owner) in due)
        {
            switch (what)
            {
                case "lost":
                    await LoseAsync(key, owner, lost, ended, cancellationToken);
                    break;
                case "wake":
                    await using (var wake = new NpgsqlCommand("SELECT workflows.wake_run($1)", connection) { Parameters = { Parameter.Of(key.RunId) } })
                        await wake.ExecuteNonQueryAsync(cancellationToken);
                    break;
                default:
                    if ((await RunCommands.StopAsync(connection, key.RunId, RunState.TimedOut, cancellationToken)).Ended is { } run)
                        ended.Add(run);
                    break;
            }
        }

        await using var next = new NpgsqlCommand(DueNext, connection);
        return new SweepResult(lost, ended, await next.ExecuteScalarAsync(cancellationToken) as TimeSpan?);
    }

    private async Task LoseAsync(TryKey key, string owner, List<TryKey> lost, List<EndedRun> ended, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(RunCommands.Finish(
            new FinishedTry { Key = key, Owner = owner, Outcome = TryOutcome.Lost, Error = lostError }, maxLost, claims: 0));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var (accepted, _, run) = RunRows.Finished(reader, key.RunId);
        if (accepted)
            lost.Add(key);
        if (run is not null)
            ended.Add(run);
    }
}
