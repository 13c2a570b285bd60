using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.DuckDb;
using Pipeline.Lake;
using Pipeline.Testing;
using Pipeline.Workflows.Application;
using Pipeline.Workflows.Domain;
using Pipeline.Workflows.Infrastructure.Kinds;

namespace Pipeline.Workflows.Tests.Kinds;

/// <summary>Runs single tasks as the engine would, on a lake in a folder.</summary>
internal sealed class KindHost : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly ServiceProvider _services;
    private readonly DuckDatabase _database = DuckDatabase.Open(new DuckOptions { Threads = 1 });
    private readonly DuckConnection _connection;

    public KindHost(Action<WorkflowsOptions>? configure = null, Action<IServiceCollection>? services = null, string? warehouse = null, string? lake = null)
    {
        LakeFolder = lake ?? _directory.Path("lake");
        Directory.CreateDirectory(Folder);
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { ["ConnectionStrings:lake"] = LakeFolder, ["ConnectionStrings:warehouse"] = warehouse })
            .Build();
        var collection = new ServiceCollection();
        collection.AddSingleton<IConfiguration>(configuration);
        collection.AddLogging();
        collection.AddLake(configuration);
        collection.Configure<WorkflowsOptions>(o =>
        {
            o.EngineThreads = 2;
            o.EngineMemoryBytes = 128 << 20;
            configure?.Invoke(o);
        });
        collection.AddTaskKinds();
        services?.Invoke(collection);
        _services = collection.BuildServiceProvider();
        _connection = _database.Connect();
    }

    /// <summary>The workflow's folder.</summary>
    public string Folder => _directory.Path("workflow");

    /// <summary>Where the lake is.</summary>
    public string LakeFolder { get; }

    /// <summary>A folder for other things.</summary>
    public string Outside(string name) => _directory.Path(name);

    public LakeCatalog Lake => _services.GetRequiredService<LakeCatalog>();

    public TestLog Log { get; } = new();

    /// <summary>What earlier tasks left, by name.</summary>
    public Dictionary<string, TaskOutput> Inputs { get; } = new(StringComparer.Ordinal);

    /// <summary>The files of the definition.</summary>
    public Dictionary<string, string> Files { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, string> Parameters { get; } = new(StringComparer.Ordinal);

    public ITaskKind Kind(string name) => _services.GetServices<ITaskKind>().Single(k => k.Name == name);

    /// <summary>Writes a file into the workflow's folder.</summary>
    public string Write(string name, string content)
    {
        var path = Path.Combine(Folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
        return path;
    }

    /// <summary>Runs a task; what it leaves is an input of those that follow.</summary>
    public async Task<TaskResult> RunAsync(
        string kind, string settings, string task = "task", long run = 1, int attempt = 1, JsonNode? cursor = null, CancellationToken cancellationToken = default)
    {
        var definition = Task(kind, settings, task);
        var result = await Kind(kind).RunAsync(
            new TaskContext
            {
                RunId = run,
                Try = attempt,
                LogicalDate = new DateTimeOffset(2024, 3, 1, 6, 0, 0, TimeSpan.Zero),
                Workflow = Workflow(definition),
                Task = definition,
                Settings = definition.Settings,
                Parameters = Parameters,
                Inputs = Inputs,
                Cursor = cursor,
                Folder = Folder,
                Log = Log,
            },
            cancellationToken);
        if (result.Output is { } output)
            Inputs[task] = output;
        return result;
    }

    public Task<T> FailAsync<T>(string kind, string settings, string task = "task", long run = 1, int attempt = 1)
        where T : Exception => Assert.ThrowsAsync<T>(() => RunAsync(kind, settings, task, run, attempt));

    /// <summary>What the kind says of settings when a workflow is loaded.</summary>
    public IReadOnlyList<TaskFault> Check(string kind, string settings, params TaskDefinition[] before)
    {
        var definition = Task(kind, settings, "task") with { After = [.. before.Select(t => t.Name)] };
        return [.. Kind(kind).Check(Workflow(definition, before), definition)];
    }

    public static TaskDefinition Task(string kind, string settings, string name) =>
        new() { Name = name, Kind = kind, Settings = (JsonObject)JsonNode.Parse(settings)! };

    /// <summary>The rows of an output as JSON, in the order of their text.</summary>
    public async Task<IReadOnlyList<string>> RowsAsync(TaskResult result)
    {
        var output = result.Output ?? throw new InvalidOperationException("The task left nothing.");
        return output.Kind == OutputKind.Table ? await TableAsync(output.Paths[0]) : Query($"SELECT * FROM {Parquet(output)}");
    }

    public async Task<IReadOnlyList<string>> TableAsync(string path) => Query(await (await Lake.Table(path).SnapshotAsync()).ToSqlAsync());

    /// <summary>The columns of Parquet files, as name and type.</summary>
    public string Columns(TaskResult result) =>
        _connection.QueryString($"SELECT string_agg(column_name || ' ' || column_type, ', ') FROM (DESCRIBE FROM {Parquet(result.Output!)})")!;

    public IReadOnlyList<string> Query(string sql)
    {
        var rows = new List<string>();
        using var result = _connection.Query($"SELECT to_json(pipeline_row)::VARCHAR FROM ({sql}) pipeline_row ORDER BY 1");
        while (result.ReadChunk(out var chunk))
        {
            for (var i = 0; i < chunk.RowCount; i++)
                rows.Add(chunk.Column(0).GetString(i));
        }

        return rows;
    }

    /// <summary>All files of the lake and of the staging folder that are there now.</summary>
    public IReadOnlyList<string> LakeFiles() => Directory.Exists(LakeFolder)
        ? [.. Directory.EnumerateFiles(LakeFolder, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(LakeFolder, f)).Order(StringComparer.Ordinal)]
        : [];

    public void Dispose()
    {
        _services.Dispose();
        _connection.Dispose();
        _database.Dispose();
        _directory.Dispose();
    }

    private string Parquet(TaskOutput output) =>
        $"read_parquet([{string.Join(", ", output.Paths.Select(p => Sql.Literal(Path.Combine(LakeFolder, p))))}], hive_partitioning = false)";

    private WorkflowDefinition Workflow(TaskDefinition task, params TaskDefinition[] before) => new()
    {
        Name = "shop",
        Version = new string('0', 64),
        Tasks = [.. before, task],
        Files = Files,
        Parameters = Parameters.ToDictionary(p => p.Key, p => new Parameter(p.Value)),
    };
}

/// <summary>Keeps what a task says.</summary>
internal sealed class TestLog : ITaskLog
{
    public ConcurrentQueue<string> Lines { get; } = new();

    public (long Rows, long Bytes) Last { get; private set; }

    public event Action<string>? Said;

    public void Info(string message)
    {
        Lines.Enqueue(message);
        Said?.Invoke(message);
    }

    public void Warning(string message) => Lines.Enqueue("! " + message);

    public event Action<long, long>? Progressed;

    public void Progress(long rows, long bytes)
    {
        Last = (rows, bytes);
        Progressed?.Invoke(rows, bytes);
    }
}
