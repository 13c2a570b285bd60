using System.Text.Json.Nodes;
using Pipeline.Testing;
using Pipeline.Workflows.Application;
using Pipeline.Workflows.Application.Engine;

namespace Pipeline.Workflows.Tests.Engine;

/// <summary>What a try leaves: cursors, logs, errors, spans.</summary>
public sealed partial class EngineTests
{
    [Fact]
    public async Task Cursor_OfATask_GoesOnFromRunToRunWithItsSuccessOnly()
    {
        await using var host = await HostAsync();
        var definition = host.Catalog.Set(Graphs.Workflow("cursor", Graphs.Task("a")));
        var fail = false;
        host.Kind.Work = (context, _) => fail
            ? throw new TerminalException("no")
            : Task.FromResult(new TaskResult { Cursor = new JsonObject { ["at"] = (int?)context.Cursor?["at"] + 1 ?? 1 } });

        await host.EndOfAsync(await host.StartRunAsync(definition));
        fail = true;
        await host.EndOfAsync(await host.StartRunAsync(definition));
        fail = false;
        await host.EndOfAsync(await host.StartRunAsync(definition));

        Assert.Equal([null, "1", "1"], host.Kind.Calls.Select(c => c.Cursor?["at"]?.ToString()));
        Assert.Equal("2", await host.ScalarAsync<string>("SELECT cursor ->> 'at' FROM workflows.cursors"));
    }

    [Fact]
    public async Task Result_ThatTheStoreCannotTake_FailsTheTask()
    {
        await using var host = await HostAsync();
        var definition = host.Catalog.Set(Graphs.Workflow("nul", Graphs.Task("a")));
        host.Kind.Work = (_, _) => Task.FromResult(new TaskResult { Cursor = JsonValue.Create("a\0b") });

        var run = await host.StartRunAsync(definition);

        Assert.Equal("failed", await host.EndOfAsync(run));
        Assert.Contains("cannot be kept", await host.ScalarAsync<string>($"SELECT error FROM workflows.runs WHERE id = {run}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Secrets_OfSettings_AreNeitherInLogsNorErrorsNorRecords()
    {
        await using var host = await HostAsync(configuration: new Dictionary<string, string?> { ["Secret"] = "hunter2hunter2" });
        var settings = new JsonObject { ["password"] = "${config:Secret}" };
        var definition = host.Catalog.Set(Graphs.Workflow("secret", Graphs.Task("leaks", settings), Graphs.Task("breaks", (JsonObject)settings.DeepClone()), Graphs.Task("good", (JsonObject)settings.DeepClone())));
        host.Kind.Work = (context, _) =>
        {
            var secret = (string)context.Settings["password"]!;
            context.Log.Warning($"The password is {secret}");
            return context.Task.Name switch
            {
                "leaks" => throw new TerminalException($"{secret} is refused"),
                "breaks" => throw new InvalidOperationException($"{secret} is odd"),
                _ => Task.FromResult(new TaskResult { Output = new TaskOutput(OutputKind.Table, [$"a/{secret}/b"]) }),
            };
        };

        var run = await host.StartRunAsync(definition);

        Assert.Equal("failed", await host.EndOfAsync(run));
        Assert.Equal("hunter2hunter2", (string)host.Kind.Calls.First().Settings["password"]!);
        Assert.Equal(3, await host.ScalarAsync<long>("SELECT count(*) FROM workflows.logs WHERE line = 'The password is ***'"));
        Assert.Equal(
            ["*** is refused", "Unexpected error: InvalidOperationException: *** is odd"],
            await host.TextsAsync($"SELECT error FROM workflows.tasks WHERE run_id = {run} AND error IS NOT NULL ORDER BY ordinal"));
        Assert.Equal("table a/***/b", await host.ScalarAsync<string>($"SELECT output_text FROM workflows.tasks WHERE run_id = {run} AND name = 'good'"));
        Assert.Equal(0, await host.ScalarAsync<long>(
            "SELECT count(*) FROM (SELECT to_jsonb(r) j FROM workflows.runs r UNION ALL SELECT to_jsonb(t) - 'output' FROM workflows.tasks t UNION ALL SELECT to_jsonb(t) FROM workflows.tries t) x WHERE j::text LIKE '%hunter2%'"));
    }

    [Fact]
    public async Task Task_ThatDoesNotStop_IsLeftAloneAndItsEndIsNotRecorded()
    {
        await using var host = await HostAsync(o => o.Lease = TimeSpan.FromSeconds(1));
        var definition = host.Catalog.Set(Graphs.Workflow("stubborn", Graphs.Task("a")));
        var end = new TaskCompletionSource<TaskResult>();
        var begun = new TaskCompletionSource();
        host.Kind.Work = (_, _) =>
        {
            begun.TrySetResult();
            return end.Task;
        };
        var run = await host.StartRunAsync(definition);
        await begun.Task;

        await host.Store.CancelAsync(run, default);

        Assert.Equal("cancelled", await host.EndOfAsync(run));
        end.SetResult(new TaskResult { RowsWritten = 666 });
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT rows_written FROM workflows.tasks"));
        Assert.Contains("left alone", await host.ScalarAsync<string>("SELECT line FROM workflows.logs"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_WhileSomebodyListens_IsATraceOfItsTasks()
    {
        using var spans = new SpanRecorder("Pipeline.Workflows");
        await using var host = await HostAsync(configuration: new Dictionary<string, string?> { ["Secret"] = "hunter2hunter2" });
        var definition = host.Catalog.Set(Graphs.Workflow("traced", Graphs.Task("a"), Graphs.Task("b", new JsonObject { ["s"] = "${config:Secret}" })));
        host.Kind.Work = (context, _) => context.Task.Name == "b" ? throw new TerminalException("not hunter2hunter2") : Task.FromResult(new TaskResult { RowsWritten = 5 });
        using var request = spans.StartTrace("request");

        var run = await host.StartRunAsync(definition);

        await host.EndOfAsync(run);
        await Eventually.TrueAsync(() => spans.Ended.Count(s => s.TraceId == request.TraceId) == 3);
        var own = spans.Ended.Where(s => s.TraceId == request.TraceId).ToDictionary(s => s.OperationName);
        Assert.Equal(["run traced", "task traced.a", "task traced.b"], own.Keys.Order());
        Assert.Equal(5L, own["task traced.a"].GetTagItem("rows.written"));
        Assert.Equal("not ***", own["task traced.b"].StatusDescription);
        Assert.Equal("failed", own["run traced"].GetTagItem("state"));
        Assert.True(own["run traced"].StartTimeUtc <= own["task traced.a"].StartTimeUtc.AddSeconds(1));
    }

    [Fact]
    public async Task Log_OfATryWithoutEnd_IsCutAndSaysSo()
    {
        await using var host = await HostAsync();
        var definition = host.Catalog.Set(Graphs.Workflow("talks", Graphs.Task("a")));
        host.Kind.Work = (context, _) =>
        {
            for (var i = 0; i < TryLog.MaxLines + 3; i++)
                context.Log.Info($"line {i}\0");
            return Task.FromResult(new TaskResult());
        };

        await host.EndOfAsync(await host.StartRunAsync(definition));

        Assert.Equal(TryLog.MaxLines + 1, await host.ScalarAsync<long>("SELECT count(*) FROM workflows.logs"));
        Assert.Equal(["line 0\uFFFD", "3 more lines were left out."], await host.TextsAsync("SELECT line FROM workflows.logs WHERE id IN (SELECT min(id) FROM workflows.logs UNION SELECT max(id) FROM workflows.logs) ORDER BY id"));
    }

    [Fact]
    public async Task Log_OfATryThatGoesOn_IsThereBeforeItsEnd()
    {
        await using var host = await HostAsync();
        var definition = host.Catalog.Set(Graphs.Workflow("long", Graphs.Task("a")));
        var end = new TaskCompletionSource();
        host.Kind.Work = async (context, _) =>
        {
            context.Log.Info("hello");
            context.Log.Progress(42, 7);
            await end.Task;
            return new TaskResult { RowsWritten = 50 };
        };

        var run = await host.StartRunAsync(definition);
        await Eventually.TrueAsync(async () => await host.ScalarAsync<long>("SELECT count(*) FROM workflows.logs WHERE line = 'hello'") == 1);
        Assert.Equal(42, await host.ScalarAsync<long>("SELECT rows_written FROM workflows.tasks"));
        end.SetResult();
        await host.EndOfAsync(run);
        Assert.Equal(50, await host.ScalarAsync<long>("SELECT rows_written FROM workflows.tasks"));
    }
}
