using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Pipeline.DuckDb;
using Pipeline.Testing;

namespace Pipeline.Whole.Tests;

/// <summary>An AppHost with the workflows that ship, and a weather service that is not always well.</summary>
public sealed class WorkflowHost : IAsyncLifetime, IDisposable
{
    private const string Key = "k3y-that-no-log-holds";

    private readonly TempDirectory _data = new();
    private readonly TempDirectory _workflows = new();
    private readonly ConcurrentDictionary<string, int> _calls = new();
    private WebApplication _weather = null!;
    private HttpClient _http = null!;

    public AppHostProcess Host { get; private set; } = null!;

    /// <summary>What the weather service answers; null is the weather.</summary>
    public Func<HttpContext, int, IResult?> Weather { get; set; } = (_, _) => null;

    public string Lake => _data.Path("lake");

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _weather = builder.Build();
        _weather.MapGet("/weather", Answer);
        await _weather.StartAsync();
        CopyWorkflows();
        Host = await AppHostProcess.StartAsync(_data.FullPath, environment: new Dictionary<string, string>
        {
            ["Workflows__Folder"] = _workflows.FullPath,
            ["Query__Notebooks"] = Path.Combine(AppContext.BaseDirectory, "notebooks"),
            ["Weather__BaseUrl"] = _weather.Urls.First() + "/weather",
            ["Weather__ApiKey"] = Key,
        });
        _http = new HttpClient { BaseAddress = Host.Url };
        await Eventually.TrueAsync(async () => (await _http.GetFromJsonAsync<JsonElement>("/workflows")).GetArrayLength() > 0);
    }

    public async Task DisposeAsync()
    {
        await Host.DisposeAsync();
        await _weather.DisposeAsync();
    }

    public void Dispose()
    {
        _http.Dispose();
        _data.Dispose();
        _workflows.Dispose();
    }

    /// <summary>Runs a workflow to its end.</summary>
    public async Task<JsonElement> RunAsync(string workflow, object? parameters = null)
    {
        _calls.Clear();
        using var started = await _http.PostAsJsonAsync($"/workflows/{workflow}/runs", new { Params = parameters ?? new { } });
        var id = (await started.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("Id").GetInt64();
        return (await Eventually.ResultAsync(async () => await EndAsync(id), TimeSpan.FromSeconds(60))).RootElement;
    }

    /// <summary>Everything that can be read of a run: its details and its log, as text.</summary>
    public async Task<string> TextAsync(JsonElement run)
    {
        var id = run.GetProperty("Run").GetProperty("Id").GetInt64();
        return run.GetRawText() + await _http.GetStringAsync(string.Create(CultureInfo.InvariantCulture, $"/runs/{id}/logs")) + string.Join('\n', Host.Output);
    }

    public static string StateOf(JsonElement run) => run.GetProperty("Run").GetProperty("State").GetString()!;

    public static void AssertSucceeded(JsonElement run) => Assert.True(StateOf(run) == "succeeded", run.GetRawText());

    /// <summary>The secret that must never be seen.</summary>
    public static string Secret => Key;

    /// <summary>The rows of a Delta table, read without the product's reader, each as JSON.</summary>
    public List<string> Rows(string table, string columns)
    {
        using var database = DuckDatabase.Open();
        using var connection = database.Connect();
        var files = string.Join(", ", DeltaFolder.LiveFiles(Path.Combine(Lake, table)).Select(Sql.Literal));
        var rows = new List<string>();
        using var result = connection.Query($"SELECT CAST(to_json(r) AS VARCHAR) FROM (SELECT {columns} FROM read_parquet([{files}])) AS r");
        while (result.ReadChunk(out var chunk))
        {
            for (var i = 0; i < chunk.RowCount; i++)
                rows.Add(chunk.Column(0).GetString(i));
        }

        rows.Sort(StringComparer.Ordinal);
        return rows;
    }

    /// <summary>As they ship, but for the pause of five minutes before the weather is asked again.</summary>
    private void CopyWorkflows()
    {
        var shipped = Path.Combine(AppContext.BaseDirectory, "workflows");
        foreach (var file in Directory.EnumerateFiles(shipped, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(_workflows.FullPath, Path.GetRelativePath(shipped, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        var weather = Path.Combine(_workflows.FullPath, "weather", "workflow.yaml");
        File.WriteAllText(weather, File.ReadAllText(weather).Replace("delay: 5m", "delay: 1s", StringComparison.Ordinal));
    }

    private async Task<JsonDocument?> EndAsync(long id)
    {
        var run = await _http.GetFromJsonAsync<JsonDocument>(string.Create(CultureInfo.InvariantCulture, $"/runs/{id}"));
        return StateOf(run!.RootElement) is "queued" or "running" ? null : run;
    }

    private IResult Answer(HttpContext context)
    {
        var query = context.Request.Query;
        var place = query.TryGetValue("q", out var city) ? city.ToString() : $"{query["lat"]},{query["lon"]}";
        if (query["appid"] != Key || query["units"] != "metric")
            return Results.Unauthorized();
        var call = _calls.AddOrUpdate(place, 1, (_, calls) => calls + 1);
        if (Weather(context, call) is { } other)
            return other;
        var (name, lat, lon) = place switch
        {
            "London" => ("London", 51.5085, -0.1257),
            "Berlin" => ("Berlin", 52.5244, 13.4105),
            "Lisboa" or "38.7167,-9.1333" => ("Lisboa", 38.7167, -9.1333),
            _ => ("Kiruna", 67.8558, 20.2253),
        };
        return Results.Json(new
        {
            coord = new { lon, lat },
            weather = new[] { new { id = 800, main = "Clear" } },
            main = new { temp = 40.5, temp_min = 39.25, temp_max = 41.75, pressure = 1012 },
            dt = 1_780_000_000,
            name,
        });
    }
}
