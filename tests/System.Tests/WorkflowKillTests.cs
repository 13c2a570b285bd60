using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Npgsql;
using Pipeline.DuckDb;
using Pipeline.Testing;

namespace Pipeline.Whole.Tests;

/// <summary>kill -9 while a task of each kind is at work: after a restart the run ends well, and its outputs hold every row once.</summary>
public sealed class WorkflowKillTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private const int Rows = 300_000;

    private const string Yaml = """
        params: { output: { description: A directory. } }
        tasks:
          numbers:
            extract: { source: { file: { path: numbers.csv } }, select: "SELECT id, md5(id::VARCHAR) AS text FROM source", rows_per_file: 50000 }
          table:
            after: [numbers]
            sql: { query: "SELECT *, $run_id AS run FROM numbers", table: kill/rows, mode: append }
          warehouse:
            after: [numbers]
            load: { query: "SELECT *, $run_id AS run FROM numbers", postgres: { table: kill.rows, mode: append } }
          files:
            after: [numbers]
            load: { from: numbers, csv: { directory: "${param:output}", name: rows } }
          counted:
            after: [table, warehouse, files]
            check: { query: "SELECT count(*) FROM numbers HAVING count(DISTINCT md5(text || id)) <> 300000" }
          drained:
            after: [counted]
            operation: { name: drain-user-events }
        """;

    [Fact]
    public async Task Kill_DuringEachKindOfTask_TheRunEndsWellAndEveryRowIsThereOnce()
    {
        using var data = new TempDirectory();
        using var workflows = new TempDirectory();
        using var output = new TempDirectory();
        var folder = Path.Combine(workflows.FullPath, "kill");
        Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(Path.Combine(folder, "workflow.yaml"), Yaml);
        await File.WriteAllLinesAsync(Path.Combine(folder, "numbers.csv"), Enumerable.Range(0, Rows).Select(i => i.ToString(CultureInfo.InvariantCulture)).Prepend("id"));
        var warehouse = await postgres.CreateDatabaseAsync();
        var environment = new Dictionary<string, string>
        {
            ["ConnectionStrings__warehouse"] = warehouse, ["Workflows__Folder"] = workflows.FullPath, ["Workflows__Lease"] = "00:00:02",
        };
        var directory = Path.Combine(output.FullPath, "csv");
        string[] tasks = ["numbers", "table", "warehouse", "files", "counted", "drained"];
        foreach (var task in tasks)
        {
            long run;
            await using (var doomed = await AppHostProcess.StartAsync(data.FullPath, environment: environment))
            {
                using var http = new HttpClient { BaseAddress = doomed.Url };
                run = (await Eventually.ResultAsync(() => StartAsync(http, directory))).Id;
                await Eventually.TrueAsync(async () => StateOf(await GetAsync(http, run), task) is not ("waiting" or "ready"));
                await doomed.KillAsync();
            }

            await using var host = await AppHostProcess.StartAsync(data.FullPath, environment: environment);
            using var client = new HttpClient { BaseAddress = host.Url };
            await Eventually.TrueAsync(async () => (await GetAsync(client, run)).GetProperty("Run").GetProperty("State").GetString() is not ("queued" or "running"), TimeSpan.FromSeconds(60));
            var ended = await GetAsync(client, run);
            Assert.True(ended.GetProperty("Run").GetProperty("State").GetString() == "succeeded", ended.GetRawText());
            Assert.Equal(Rows + 1, File.ReadLines(Path.Combine(directory, "rows.csv")).Count());
        }

        Assert.Single(Directory.EnumerateDirectories(output.FullPath));
        var expected = (Rows: (long)Rows * tasks.Length, Ids: (long)Rows, Runs: (long)tasks.Length);
        Assert.Equal(expected, InTheLake(data.Path("lake")));
        await using var connection = new NpgsqlConnection(warehouse);
        await connection.OpenAsync();
        await using var count = new NpgsqlCommand("SELECT count(*), count(DISTINCT id), count(DISTINCT run) FROM kill.rows", connection);
        await using var reader = await count.ExecuteReaderAsync();
        await reader.ReadAsync();
        Assert.Equal(expected, (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2)));
        await reader.CloseAsync();

        // Else nothing was proved: tasks were killed in their middle.
        await using var lost = new NpgsqlCommand("SELECT count(*) FROM workflows.tries WHERE outcome = 'lost'", connection);
        Assert.InRange((long)(await lost.ExecuteScalarAsync())!, 1, long.MaxValue);
    }

    private static async Task<Started?> StartAsync(HttpClient http, string directory)
    {
        using var response = await http.PostAsJsonAsync("/workflows/kill/runs", new { Params = new { output = directory } });
        return response.IsSuccessStatusCode ? await response.Content.ReadFromJsonAsync<Started>() : null;
    }

    private static Task<JsonElement> GetAsync(HttpClient http, long run) => http.GetFromJsonAsync<JsonElement>(string.Create(CultureInfo.InvariantCulture, $"/runs/{run}"));

    private static string StateOf(JsonElement run, string task) =>
        run.GetProperty("Tasks").EnumerateArray().Single(t => t.GetProperty("Name").GetString() == task).GetProperty("State").GetString()!;

    private static (long Rows, long Ids, long Runs) InTheLake(string lake)
    {
        using var database = DuckDatabase.Open();
        using var connection = database.Connect();
        var rows = $"read_parquet([{string.Join(", ", DeltaFolder.LiveFiles(Path.Combine(lake, "kill", "rows")).Select(Sql.Literal))}])";
        return (
            connection.QueryInt64($"SELECT count(*) FROM {rows}") ?? 0, connection.QueryInt64($"SELECT count(DISTINCT id) FROM {rows}") ?? 0,
            connection.QueryInt64($"SELECT count(DISTINCT run) FROM {rows}") ?? 0);
    }

    private sealed record Started(long Id);
}
