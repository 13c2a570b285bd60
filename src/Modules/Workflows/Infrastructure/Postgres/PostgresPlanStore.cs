using Npgsql;
using NpgsqlTypes;
using Pipeline.Postgres;
using Pipeline.Workflows.Application.Engine;
using Pipeline.Workflows.Application.Time;
using Pipeline.Workflows.Contracts;

namespace Pipeline.Workflows.Infrastructure.Postgres;

/// <summary>Slots in PostgreSQL: the workflow's row is held from the decision to the runs.</summary>
internal sealed class PostgresPlanStore(NpgsqlDataSource dataSource) : IPlanStore
{
    private const string Read = "SELECT paused, schedule, considered_until, catching_up FROM workflows.workflows WHERE name = $1 FOR NO KEY UPDATE";

    private const string Write =
        """
        UPDATE workflows.workflows SET paused = coalesce($2, paused), schedule = coalesce($3, schedule), considered_until = coalesce($4, considered_until),
            catching_up = coalesce($5, catching_up)
        WHERE name = $1
        """;

    public async Task<(SlotPlan? Plan, IReadOnlyList<long> Runs)> PlanAsync(
        string workflow, Planning? planning, bool? pause, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await using (var ensure = new NpgsqlBatch(connection) { BatchCommands = { RunCommands.Ensure(workflow) } })
                await ensure.ExecuteNonQueryAsync(cancellationToken);
            var plan = planning?.Decide(await ReadAsync(connection, workflow, cancellationToken));
            IReadOnlyList<long> runs = plan is { Runs.Count: > 0 }
                ? await RunCommands.StartAsync(connection, RunsOf(workflow, planning!, plan), cancellationToken) : [];
            await using (var write = new NpgsqlCommand(Write, connection))
            {
                write.Parameters.Add(Parameter.Of(workflow));
                write.Parameters.Add(Parameter.OrNull(NpgsqlDbType.Boolean, pause));
                write.Parameters.Add(Parameter.OrNull(NpgsqlDbType.Text, planning?.Schedule));
                write.Parameters.Add(Parameter.OrNull(NpgsqlDbType.TimestampTz, plan?.ConsideredUntil.UtcDateTime));
                write.Parameters.Add(Parameter.OrNull(NpgsqlDbType.Boolean, plan?.CatchingUp));
                await write.ExecuteNonQueryAsync(cancellationToken);
            }

            await transaction.CommitAsync(cancellationToken);
            return (plan, runs);
        }
        catch (Exception e)
        {
            throw PostgresErrors.Translate(e, $"Plan the runs of {workflow}");
        }
    }

    private static NewRuns RunsOf(string workflow, Planning planning, SlotPlan plan) => new()
    {
        Workflow = workflow,
        Version = planning.Version,
        Trigger = RunTrigger.Schedule,
        LogicalDates = plan.Runs,
        Parameters = planning.Parameters,
    };

    private static async Task<SlotState> ReadAsync(NpgsqlConnection connection, string workflow, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Read, connection) { Parameters = { Parameter.Of(workflow) } };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new SlotState(reader.GetBoolean(0), RunRows.Text(reader, 1), RunRows.Time(reader, 2), reader.GetBoolean(3));
    }
}
