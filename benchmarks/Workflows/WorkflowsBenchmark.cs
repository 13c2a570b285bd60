using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Pipeline.Testing;

namespace Pipeline.Benchmarks.Workflows;

/// <summary>
/// What the engine itself costs: the pause between the tasks of a chain, and how long many small runs take. The tasks are checks of one constant row, the least that a task can be.
/// </summary>
internal static class WorkflowsBenchmark
{
    private const double GapLimit = 50;
    private const double RunsLimit = 60;
    private const int ChainLength = 100;
    private const int Runs = 1_000;

    public static Command Command()
    {
        var command = new Command("workflows", "The pause between two tasks of a chain of 100; 1,000 runs of two tasks.");
        command.SetAction(async (_, _) => await RunAsync() ? 0 : 1);
        return command;
    }

    private static async Task<bool> RunAsync()
    {
        using var data = new TempDirectory();
        using var folder = new TempDirectory();
        var chain = new StringBuilder("tasks:\n");
        for (var i = 0; i < ChainLength; i++)
            chain.Append(CultureInfo.InvariantCulture, $"  t{i}: {{ {(i > 0 ? $"after: [t{i - 1}], " : "")}check: {{ query: SELECT 1 WHERE false }} }}\n");
        Write(folder.FullPath, "chain", chain.ToString());
        Write(folder.FullPath, "pair", "max_active_runs: 100\ntasks:\n  a: { check: { query: SELECT 1 WHERE false } }\n  b: { after: [a], check: { query: SELECT 1 WHERE false } }\n");
        await using var host = await AppHostProcess.StartAsync(data.FullPath, environment: new Dictionary<string, string> { ["Workflows__Folder"] = folder.FullPath });
        using var http = new HttpClient { BaseAddress = host.Url };
        var gaps = new List<double>();
        for (var round = 0; round < 5; round++)
        {
            var run = await EndAsync(http, await StartAsync(http, "chain"));
            var tasks = run.GetProperty("Tasks").EnumerateArray().ToList();
            var between = tasks.Skip(1).Select((t, i) => (t.GetProperty("StartedAt").GetDateTimeOffset() - tasks[i].GetProperty("EndedAt").GetDateTimeOffset()).TotalMilliseconds).Order().ToList();
            var took = run.GetProperty("Run").GetProperty("EndedAt").GetDateTimeOffset() - run.GetProperty("Run").GetProperty("StartedAt").GetDateTimeOffset();
            Report.Line($"chain of {ChainLength}, round {round + 1}: {took.TotalMilliseconds:N0} ms, pause p50 {between[between.Count / 2]:N2} ms, highest {between[^1]:N2} ms");
            if (round > 0)
                gaps.AddRange(between);
        }

        var started = Stopwatch.GetTimestamp();
        var ids = new List<long>();
        foreach (var batch in Enumerable.Range(0, Runs).Chunk(20))
            ids.AddRange(await Task.WhenAll(batch.Select(_ => StartAsync(http, "pair"))));
        var accepted = Stopwatch.GetElapsedTime(started).TotalSeconds;
        await EndAsync(http, ids.Max());
        while (await CountAsync(http, "queued") + await CountAsync(http, "running") > 0)
            await Task.Delay(50);
        var all = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var succeeded = await CountAsync(http, "succeeded");
        Report.Line($"{Runs} runs of 2 tasks: started within {accepted:N1} s, all ended after {all:N1} s; {succeeded} succeeded");
        gaps.Sort();
        return Report.AtMost($"pause between two tasks, median of {gaps.Count}", gaps[gaps.Count / 2], GapLimit, "ms")
            & Report.AtMost($"{Runs} runs of 2 tasks until none is left", all, RunsLimit, "s")
            & Report.AtLeast("of these succeeded", succeeded, Runs, "runs");
    }

    internal static async Task<long> StartAsync(HttpClient http, string workflow, object? parameters = null)
    {
        for (var tries = 0; ; tries++)
        {
            using var response = await http.PostAsJsonAsync($"/workflows/{workflow}/runs", new { Params = parameters ?? new { } });
            var body = await response.Content.ReadFromJsonAsync<JsonElement>();
            if (response.IsSuccessStatusCode)
                return body.GetProperty("Id").GetInt64();

            // The folders are read after the start.
            if (tries == 100)
                throw new InvalidOperationException(body.GetRawText());
            await Task.Delay(50);
        }
    }

    internal static async Task<JsonElement> EndAsync(HttpClient http, long run)
    {
        while (true)
        {
            var details = await http.GetFromJsonAsync<JsonElement>(string.Create(CultureInfo.InvariantCulture, $"/runs/{run}"));
            if (details.GetProperty("Run").GetProperty("State").GetString() is not ("queued" or "running"))
                return details;
            await Task.Delay(50);
        }
    }

    private static void Write(string folder, string workflow, string yaml)
    {
        Directory.CreateDirectory(Path.Combine(folder, workflow));
        File.WriteAllText(Path.Combine(folder, workflow, "workflow.yaml"), yaml);
    }

    private static async Task<int> CountAsync(HttpClient http, string state) =>
        (await http.GetFromJsonAsync<JsonElement>($"/workflows/pair/runs?limit=1000&state={state}")).GetArrayLength();
}
