using System.Globalization;
using Microsoft.Extensions.Options;
using Npgsql;
using Pipeline.Postgres;
using Pipeline.Workflows.Application.Engine;
using Pipeline.Workflows.Contracts;
using Pipeline.Workflows.Domain;

namespace Pipeline.Workflows.Infrastructure.Postgres;

/// <summary>Runs in PostgreSQL; what must happen together is a function of the schema <c>workflows</c>, so that it costs one round trip.</summary>
internal sealed class PostgresRunStore(NpgsqlDataSource dataSource, IOptions<WorkflowsOptions> options) : IRunStore
{
    /// <summary>Workers that a task may outlive.</summary>
    private const int MaxLost = 5;

    private const string LostError = "The worker was not heard of within its lease.";

    public Task KeepAsync(WorkflowDefinition definition, CancellationToken cancellationToken) =>
        DoAsync($"Keep the definition of {definition.Name}", async () =>
    {
        await using var known = dataSource.CreateCommand(
            "SELECT EXISTS (SELECT FROM workflows.versions WHERE workflow = $1 AND version = $2) AND EXISTS (SELECT FROM workflows.workflows WHERE name = $1)");
        known.Parameters.Add(Parameter.Of(definition.Name));
        known.Parameters.Add(Parameter.Of(definition.Version));
        if (await known.ExecuteScalarAsync(cancellationToken) is true)
            return 0;
        await using var batch = dataSource.CreateBatch();
        batch.BatchCommands.Add(RunCommands.Keep(definition));
        batch.BatchCommands.Add(RunCommands.Ensure(definition.Name));
        return await batch.ExecuteNonQueryAsync(cancellationToken);
    });

    public Task<IReadOnlyDictionary<string, string>> GetFilesAsync(string workflow, string version, CancellationToken cancellationToken) =>
        DoAsync<IReadOnlyDictionary<string, string>>($"Read version {version} of {workflow}", async () =>
        {
            await using var command = dataSource.CreateCommand("SELECT files::text FROM workflows.versions WHERE workflow = $1 AND version = $2");
            command.Parameters.Add(Parameter.Of(workflow));
            command.Parameters.Add(Parameter.Of(version));
            return await command.ExecuteScalarAsync(cancellationToken) is string files
                ? RunRows.Texts(files)
                : throw new TerminalException($"Version {version} of workflow {workflow} is not kept.");
        });

    public async Task<IReadOnlyList<long>> StartAsync(NewRuns runs, CancellationToken cancellationToken) =>
        await DoAsync($"Start {runs.LogicalDates.Count} runs of {runs.Workflow}", async () =>
        {
            await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
            return await RunCommands.StartAsync(connection, runs, cancellationToken);
        });

    public Task<IReadOnlyList<ClaimedTask>> ClaimAsync(string owner, int count, CancellationToken cancellationToken) =>
        DoAsync<IReadOnlyList<ClaimedTask>>("Take tasks", async () =>
        {
            await using var batch = dataSource.CreateBatch();
            batch.BatchCommands.Add(RunCommands.Claim(owner, options.Value.Lease, count, null));
            await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
            return await RunRows.ClaimedAsync(reader, cancellationToken);
        });

    public Task<FinishResult> FinishAsync(FinishedTry finished, int claims, CancellationToken cancellationToken) =>
        DoAsync($"Record the end of task {finished.Key.Ordinal} of run {finished.Key.RunId}", async () =>
        {
            // The commands of a batch are one transaction.
            await using var batch = dataSource.CreateBatch();
            batch.BatchCommands.Add(RunCommands.Finish(finished, MaxLost, claims));
            if (claims > 0)
                batch.BatchCommands.Add(RunCommands.Claim(finished.Owner, options.Value.Lease, claims, finished.Key.RunId));
            await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            var (accepted, ready, ended) = RunRows.Finished(reader, finished.Key.RunId);
            IReadOnlyList<ClaimedTask> claimed = claims > 0 && await reader.NextResultAsync(cancellationToken)
                ? await RunRows.ClaimedAsync(reader, cancellationToken) : [];
            return new FinishResult(accepted, ready, ended, claimed);
        });

    public Task<IReadOnlyDictionary<TryKey, bool>> RenewAsync(string owner, IReadOnlyCollection<TryKey> tries, CancellationToken cancellationToken) =>
        DoAsync<IReadOnlyDictionary<TryKey, bool>>("Renew leases", async () =>
        {
            await using var batch = dataSource.CreateBatch();
            batch.BatchCommands.Add(RunCommands.Renew(owner, options.Value.Lease, tries));
            await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
            var renewed = new Dictionary<TryKey, bool>();
            while (await reader.ReadAsync(cancellationToken))
                renewed.Add(new TryKey(reader.GetInt64(0), reader.GetInt32(1), reader.GetInt32(2)), reader.GetBoolean(3));
            return renewed;
        });

    public Task ReportAsync(string owner, TryKey key, IReadOnlyList<LogLine> lines, long rows, long bytes, CancellationToken cancellationToken) =>
        DoAsync($"Report on task {key.Ordinal} of run {key.RunId}", async () =>
        {
            await using var batch = dataSource.CreateBatch();
            foreach (var command in RunCommands.Report(owner, key, lines, rows, bytes))
                batch.BatchCommands.Add(command);
            return await batch.ExecuteNonQueryAsync(cancellationToken);
        });

    public Task<SweepResult> SweepAsync(CancellationToken cancellationToken) => DoAsync("Look after runs", async () =>
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        return await new Sweep(connection, MaxLost, LostError).RunAsync(cancellationToken);
    });

    public Task<StopResult> CancelAsync(long run, CancellationToken cancellationToken) => DoAsync($"Cancel run {run}", async () =>
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        return await RunCommands.StopAsync(connection, run, RunState.Cancelled, cancellationToken);
    });

    public Task<RunState?> RetryAsync(long run, CancellationToken cancellationToken) => DoAsync($"Retry run {run}", async () =>
    {
        await using var command = dataSource.CreateCommand("SELECT workflows.retry_run($1)");
        command.Parameters.Add(Parameter.Of(run));
        return await command.ExecuteScalarAsync(cancellationToken) is string before ? Names<RunState>.Parse(before) : (RunState?)null;
    });

    public async Task ListenAsync(Action ready, Action<long> stop, CancellationToken cancellationToken)
    {
        const string Stop = "stop ";
        try
        {
            await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
            connection.Notification += Hear;
            try
            {
                await using (var listen = new NpgsqlCommand("LISTEN workflows", connection))
                    await listen.ExecuteNonQueryAsync(cancellationToken);
                ready();
                while (true)
                    await connection.WaitAsync(cancellationToken);
            }
            finally
            {
                connection.Notification -= Hear;

                // Back in the pool, it shall not listen any more.
                if (connection.State == System.Data.ConnectionState.Open)
                {
                    await using var unlisten = new NpgsqlCommand("UNLISTEN *", connection);
                    await unlisten.ExecuteNonQueryAsync(CancellationToken.None);
                }
            }
        }
        catch (Exception e)
        {
            throw PostgresErrors.Translate(e, "Listen to runs");
        }

        void Hear(object sender, NpgsqlNotificationEventArgs e)
        {
            if (e.Payload.StartsWith(Stop, StringComparison.Ordinal)
                && long.TryParse(e.Payload.AsSpan(Stop.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var run))
                stop(run);
            else
                ready();
        }
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
