using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using Pipeline.Lake;
using Pipeline.Postgres;
using Pipeline.Testing;
using Pipeline.Workflows.Application;
using Pipeline.Workflows.Application.Engine;
using Pipeline.Workflows.Contracts;
using Pipeline.Workflows.Domain;

namespace Pipeline.Workflows.Tests.Engine;

/// <summary>A process that has the engine, with a kind and a catalog of the test's; several of them share a database.</summary>
internal sealed class EngineHost : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly CancellationTokenSource _stop = new();
    private Task _worker = Task.CompletedTask;

    private readonly TempDirectory _lake;

    private readonly LogLines _lines;

    private EngineHost(ServiceProvider services, TempDirectory lake, LogLines lines)
    {
        _lines = lines;
        _services = services;
        _lake = lake;
    }

    public IObjectStore Lake => _services.GetRequiredService<IObjectStore>();

    public FakeCatalog Catalog => (FakeCatalog)_services.GetRequiredService<IWorkflowCatalog>();

    public FakeKind Kind => (FakeKind)_services.GetRequiredService<ITaskKind>();

    public IRunStore Store => _services.GetRequiredService<IRunStore>();

    public WorkflowEngine Engine => _services.GetRequiredService<WorkflowEngine>();

    public NpgsqlDataSource Database => _services.GetRequiredService<NpgsqlDataSource>();

    public IServiceProvider Services => _services;

    public static async Task<EngineHost> CreateAsync(
        string connectionString, bool start = true, FakeCatalog? catalog = null, Action<WorkflowsOptions>? options = null, TimeProvider? time = null,
        IReadOnlyDictionary<string, string?>? configuration = null, Action<IServiceCollection>? configure = null)
    {
        var settings = new ConfigurationBuilder().AddInMemoryCollection(configuration ?? new Dictionary<string, string?>()).Build();
        settings["ConnectionStrings:warehouse"] = connectionString;
        var services = new ServiceCollection();
        var lines = new LogLines();
        services.AddLogging(logging => logging.AddProvider(lines));
        services.AddSingleton(time ?? TimeProvider.System);
        services.AddSingleton<IWorkflowCatalog>(catalog ?? new FakeCatalog());
        services.AddSingleton<ITaskKind, FakeKind>();
        services.AddPostgres(settings);
        var lake = new TempDirectory();
        settings["ConnectionStrings:lake"] = lake.FullPath;
        services.AddLake(settings);
        services.AddEngine(settings);
        services.AddEngineWorkers();
        services.Configure<WorkflowsOptions>(o => o.Lease = TimeSpan.FromSeconds(5));
        if (options is not null)
            services.Configure(options);
        services.RemoveAll<IValidateOptions<WorkflowsOptions>>(); // leases shorter than is sensible
        configure?.Invoke(services);
        var provider = services.BuildServiceProvider();
        await provider.GetRequiredService<Migrator>().MigrateAsync(default);
        var host = new EngineHost(provider, lake, lines);
        if (start)
            host.Start();
        return host;
    }

    public void Start() => _worker = Task.Run(() => Engine.RunAsync(_stop.Token));

    /// <summary>Stops the worker as the host does.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _worker;
    }

    public async Task<long> StartRunAsync(
        WorkflowDefinition definition, IReadOnlyDictionary<string, string>? parameters = null, DateTimeOffset? date = null, RunTrigger trigger = RunTrigger.Manual)
    {
        await Store.KeepAsync(definition, default);
        var runs = await Store.StartAsync(
            new NewRuns
            {
                Workflow = definition.Name,
                Version = definition.Version,
                Trigger = trigger,
                LogicalDates = [date ?? DateTimeOffset.UtcNow],
                Parameters = parameters ?? new Dictionary<string, string>(),
            },
            default);
        return runs.Single();
    }

    /// <summary>Waits for a run's end.</summary>
    public async Task<string> EndOfAsync(long run)
    {
        await Eventually.TrueAsync(
            async () => await ScalarAsync<bool>($"SELECT state NOT IN ('queued', 'running') FROM workflows.runs WHERE id = {run}"),
            describe: () => Task.Run(() => DescribeAsync(run)).GetAwaiter().GetResult());
        return await ScalarAsync<string>($"SELECT state FROM workflows.runs WHERE id = {run}");
    }

    public async Task<string> StateOfAsync(long run, string task) =>
        await ScalarAsync<string>($"SELECT state FROM workflows.tasks WHERE run_id = {run} AND name = '{task}'");

    public async Task<Dictionary<string, string>> StatesAsync(long run)
    {
        var states = new Dictionary<string, string>();
        await using var command = Database.CreateCommand($"SELECT name, state FROM workflows.tasks WHERE run_id = {run} ORDER BY ordinal");
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            states.Add(reader.GetString(0), reader.GetString(1));
        return states;
    }

    public async Task<T> ScalarAsync<T>(string sql)
    {
        await using var command = Database.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public async Task<List<string>> TextsAsync(string sql)
    {
        var texts = new List<string>();
        await using var command = Database.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            texts.Add(reader.GetString(0));
        return texts;
    }

    private async Task<string> DescribeAsync(long run)
    {
        const string Waits =
            """
            SELECT state || ' ' || coalesce(wait_event_type || '/' || wait_event, '-') || ' ' || (clock_timestamp() - query_start) || ' ' || left(query, 100)
            FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
            """;
        var record = await ScalarAsync<string>($"SELECT to_jsonb(r)::text || ' at ' || clock_timestamp() FROM workflows.runs r WHERE id = {run}");
        var waits = await TextsAsync(Waits);
        var pool = $"{ThreadPool.ThreadCount} threads, {ThreadPool.PendingWorkItemCount} waiting";
        return string.Join(Environment.NewLine, [string.Join(", ", await StatesAsync(run)), record, .. waits, pool, _lines.ToString()]);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _services.DisposeAsync();
        _stop.Dispose();
        _lake.Dispose();
    }
}
