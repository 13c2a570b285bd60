using System.Text.Json;
using Pipeline.Testing;
using Pipeline.Workers.CommandLine;

namespace Pipeline.Workers.Tests;

public sealed class WorkflowCommandsTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IAsyncLifetime, IDisposable
{
    private readonly TempDirectory _workflows = new();
    private WholePipeline _pipeline = null!;

    public async Task InitializeAsync()
    {
        Write("good", """
            description: Numbers.
            schedule: { cron: "0 0 1 1 *" }
            max_active_runs: 2
            params: { count: 3, fail: no }
            tasks:
              numbers:
                sql: { query: "SELECT i FROM range($count::INT) AS t(i)", table: test/numbers }
              holds:
                after: [numbers]
                check: { query: SELECT 'it was asked to' AS reason WHERE $fail = 'yes', message: It fails. }
            """);
        Write("faulty", "tasks:\n  a: { chekc: { query: x } }");
        _pipeline = await WholePipeline.StartAsync(await postgres.CreateDatabaseAsync(), _workflows.FullPath);
        await Eventually.TrueAsync(async () => JsonDocument.Parse((await RunAsync("list", "--json")).Output).RootElement.GetArrayLength() == 2);
    }

    public async Task DisposeAsync()
    {
        await _pipeline.DisposeAsync();
        Dispose();
    }

    public void Dispose() => _workflows.Dispose();

    [Fact]
    public async Task List_GoodAndFaulty_TellsBoth()
    {
        var (code, output, error) = await RunAsync("list");
        Assert.Equal((ExitCode.Ok, ""), (code, error));
        Assert.Contains("Numbers.", output, StringComparison.Ordinal);
        Assert.Contains("Faulty: workflow.yaml:2: tasks.a.chekc: 'chekc' is no known key; 'check' is.", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_GoodAndBad_WaitsAndTellsWhatCameOfIt()
    {
        var (code, output, error) = await RunAsync("run", "good", "--param", "count=5");
        Assert.Equal((ExitCode.Ok, ""), (code, error));
        Assert.Matches(@"numbers\s+succeeded\s+1\s+\S+ s\s+5", output);
        Assert.Contains("Run 1 of good", output, StringComparison.Ordinal);
        Assert.Contains("numbers: table test/numbers", output, StringComparison.Ordinal);
        Assert.Matches(@"\n\s+i\s*\n[^\n]*\n(\s+\d\s*\n){5}", output);
        Assert.DoesNotContain("numbers: ", (await RunAsync("run", "good", "--rows", "0")).Output, StringComparison.Ordinal);

        (code, output, error) = await RunAsync("run", "good", "-p", "fail=yes", "--json");
        Assert.Equal(ExitCode.Failed, code);
        var run = JsonDocument.Parse(output).RootElement.GetProperty("Run");
        Assert.Equal("failed", run.GetProperty("State").GetString());
        Assert.Contains("It fails.", run.GetProperty("Error").GetString(), StringComparison.Ordinal);
        Assert.Contains("it was asked to", run.GetProperty("Error").GetString(), StringComparison.Ordinal);

        (_, output, _) = await RunAsync("runs", "good", "--json");
        Assert.Equal([3, 2, 1], JsonDocument.Parse(output).RootElement.EnumerateArray().Select(r => r.GetProperty("Id").GetInt64()));
        Assert.Contains("failed", (await RunAsync("runs", "good", "--state", "failed")).Output, StringComparison.Ordinal);
        Assert.Matches(@"holds\s+failed", (await RunAsync("show", "3")).Output);
        Assert.Contains("test/numbers", (await RunAsync("logs", "1", "--task", "numbers", "--follow")).Output, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Ok, (await RunAsync("retry", "3")).Code);
    }

    [Fact]
    public async Task Backfill_ARange_RunsEachSlotOnce()
    {
        string[] range = ["backfill", "good", "--from", "2020-01-01T00:00:00Z", "--to", "2023-06-01T00:00:00Z", "--concurrency", "2"];
        var (code, output, error) = await RunAsync(range);
        Assert.Equal((ExitCode.Ok, ""), (code, error));
        Assert.Contains("4 succeeded", output, StringComparison.Ordinal);
        Assert.Contains("no slots without a run", (await RunAsync(range)).Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("run nope", "There is no workflow 'nope'. There are faulty, good.")]
    [InlineData("run good -p city=x", "Params.city: is no parameter of good: it has count, fail.")]
    [InlineData("run faulty", "faulty")]
    [InlineData("show 999", "There is no run 999")]
    [InlineData("backfill good --from yesterday --to 2020-01-01T00:00:00Z", "From")]
    public async Task Trouble_Any_IsASentence(string commandLine, string expected)
    {
        var (code, output, error) = await RunAsync(commandLine.Split(' '));
        Assert.Equal((ExitCode.Failed, ""), (code, output));
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("run good --param city", "--param needs NAME=VALUE, not 'city'.")]
    [InlineData("show x", "x")]
    [InlineData("run", "Required argument missing")]
    public async Task WrongUse_Any_SaysWhy(string commandLine, string expected)
    {
        var (code, _, error) = await RunAsync(commandLine.Split(' '));
        Assert.Equal(ExitCode.Usage, code);
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PauseAndResume_AWorkflow_IsListed()
    {
        Assert.Equal(ExitCode.Ok, (await RunAsync("pause", "good")).Code);
        Assert.Contains("paused", (await RunAsync("list")).Output, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Ok, (await RunAsync("resume", "good")).Code);
        Assert.DoesNotContain("paused", (await RunAsync("list")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Validate_AFolder_SaysFileLineAndField()
    {
        using var output = new StringWriter();
        Assert.Equal(ExitCode.Failed, await WorkersCommandLine.InvokeAsync(["workflow", "validate", _workflows.FullPath], null, output, TextWriter.Null));
        Assert.Equal(
            ["faulty/workflow.yaml:2: tasks.a.chekc: 'chekc' is no known key; 'check' is.", "good: 2 tasks, no fault."],
            output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
    }

    private void Write(string name, string yaml)
    {
        Directory.CreateDirectory(Path.Combine(_workflows.FullPath, name));
        File.WriteAllText(Path.Combine(_workflows.FullPath, name, "workflow.yaml"), yaml);
    }

    private async Task<(int Code, string Output, string Error)> RunAsync(params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await WorkersCommandLine.InvokeAsync(["workflow", .. args, "--url", _pipeline.Url.ToString()], null, output, error);
        return (code, output.ToString(), error.ToString());
    }
}
