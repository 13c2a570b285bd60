using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Pipeline.Testing;
using Pipeline.Workflows.Application;
using Pipeline.Workflows.Application.Engine;
using Pipeline.Workflows.Domain;

namespace Pipeline.Workflows.Tests.Engine;

public sealed partial class EngineTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task Run_FanOutAndIn_RunsEachTaskOnceAfterThoseBeforeIt()
    {
        await using var host = await HostAsync();
        var definition = host.Catalog.Set(Graphs.Workflow(
            "fan", Graphs.Task("t1"), Graphs.Task("t2"), Graphs.Task("t3", "t1", "t2"), Graphs.Task("t4", "t3"), Graphs.Task("t5", "t3"), Graphs.Task("t6", "t4", "t5")));
        host.Kind.Work = (context, _) => Task.FromResult(new TaskResult { Output = new TaskOutput(OutputKind.Files, [context.Task.Name + ".parquet"]) });

        var run = await host.StartRunAsync(definition);

        Assert.Equal("succeeded", await host.EndOfAsync(run));
        var order = host.Kind.Calls.Select(c => c.Task.Name).ToList();
        Assert.Equal(["t1", "t2", "t3", "t4", "t5", "t6"], order.Order());
        Assert.Equal("t3", order[2]);
        Assert.Equal("t6", order[5]);
        Assert.Equal(["t1", "t2", "t3", "t4", "t5"], host.Kind.Calls.Single(c => c.Task.Name == "t6").Inputs.Keys.Order());
        Assert.Equal(["t1", "t2"], host.Kind.Calls.Single(c => c.Task.Name == "t3").Inputs.Keys.Order());
        Assert.Equal(["t1.parquet"], host.Kind.Calls.Single(c => c.Task.Name == "t4").Inputs["t1"].Paths);
    }

    [Fact]
    public async Task Run_TaskFails_LaterOnesAreNotReachedAndOthersRun()
    {
        await using var host = await HostAsync();
        var definition = host.Catalog.Set(Graphs.Workflow("fails", Graphs.Task("a"), Graphs.Task("b", "a"), Graphs.Task("c", "b"), Graphs.Task("d")));
        host.Kind.Work = (context, _) => context.Task.Name == "a" ? throw new TerminalException("a is broken") : Task.FromResult(new TaskResult());

        var run = await host.StartRunAsync(definition);

        Assert.Equal("failed", await host.EndOfAsync(run));
        Assert.Equal(["failed", "upstream_failed", "upstream_failed", "succeeded"], (await host.StatesAsync(run)).Values);
        Assert.Equal("a: a is broken", await host.ScalarAsync<string>($"SELECT error FROM workflows.runs WHERE id = {run}"));
    }

    [Fact]
    public async Task Run_ConditionNotTrue_SkipsTheTaskAndRunsThoseAfter()
    {
        await using var host = await HostAsync();
        var definition = host.Catalog.Set(Graphs.Workflow(
            "when",
            Graphs.Task("rome") with { When = "$city = 'Rome'" },
            Graphs.Task("null") with { When = "NULL" },
            Graphs.Task("oslo") with { When = "$city = 'Oslo' AND $logical_date >= TIMESTAMPTZ '2024-01-01' AND '$x' = '$x' AND $run_id > 0" },
            Graphs.Task("wrong") with { When = "$town = 'Oslo'" },
            Graphs.Task("last", "rome", "null", "oslo")));

        var run = await host.StartRunAsync(definition, new Dictionary<string, string> { ["city"] = "Oslo" });

        Assert.Equal("failed", await host.EndOfAsync(run));
        Assert.Equal(["skipped", "skipped", "succeeded", "failed", "succeeded"], (await host.StatesAsync(run)).Values);
        Assert.Contains("names $town", await host.ScalarAsync<string>($"SELECT error FROM workflows.tasks WHERE run_id = {run} AND name = 'wrong'"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, 3, "succeeded")]
    [InlineData(true, 5, "failed")]
    [InlineData(false, 1, "failed")]
    public async Task Try_Failing_IsRepeatedForTransientReasonsOnly(bool transient, int failures, string state)
    {
        await using var host = await HostAsync();
        var definition = host.Catalog.Set(Graphs.Workflow("retry", Graphs.Task("a")) with { Retries = new RetryPolicy(3, TimeSpan.FromMilliseconds(10), 2) });
        host.Kind.Work = (context, _) =>
            context.Try > failures ? Task.FromResult(new TaskResult { RowsRead = 7 }) : throw (transient ? new TransientException("away") : new TerminalException("broken"));

        var run = await host.StartRunAsync(definition);

        Assert.Equal(state, await host.EndOfAsync(run));
        Assert.Equal(transient ? 4 : 1, host.Kind.Calls.Count);
        Assert.Equal(
            (transient, state) switch
            {
                (true, "succeeded") => ["retrying", "retrying", "retrying", "succeeded"],
                (true, _) => ["retrying", "retrying", "retrying", "failed"],
                _ => ["failed"],
            },
            await host.TextsAsync($"SELECT outcome FROM workflows.tries WHERE run_id = {run} ORDER BY try"));
    }

    [Fact]
    public async Task Task_BeyondItsTimeout_IsStoppedAndTriedAgain()
    {
        await using var host = await HostAsync();
        var definition = host.Catalog.Set(Graphs.Workflow(
            "slow", Graphs.Task("a") with { Timeout = TimeSpan.FromMilliseconds(50), Retries = new RetryPolicy(1, TimeSpan.Zero) }));
        host.Kind.Work = async (context, token) =>
        {
            await Task.Delay(Timeout.Infinite, token);
            return new TaskResult();
        };

        var run = await host.StartRunAsync(definition);

        Assert.Equal("failed", await host.EndOfAsync(run));
        Assert.Equal(2, host.Kind.Calls.Count);
        Assert.Contains("longer than its timeout", await host.ScalarAsync<string>($"SELECT error FROM workflows.runs WHERE id = {run}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Task_ThatBlocksAndThrowsBeforeItsFirstAwait_EndsAsAnyOther()
    {
        await using var host = await HostAsync();
        var definition = host.Catalog.Set(Graphs.Workflow("blocks", Graphs.Task("a") with { Timeout = TimeSpan.FromMilliseconds(50) }));
        host.Kind.Work = (_, token) =>
        {
            token.WaitHandle.WaitOne();
            token.ThrowIfCancellationRequested();
            return Task.FromResult(new TaskResult());
        };

        var run = await host.StartRunAsync(definition);

        Assert.Equal("failed", await host.EndOfAsync(run));
        Assert.Contains("longer than its timeout", await host.ScalarAsync<string>($"SELECT error FROM workflows.runs WHERE id = {run}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Texts_ThatTheStoreDoesNotTake_AreMendedAndEndTheTaskAsTheyShould()
    {
        await using var host = await HostAsync();
        var definition = host.Catalog.Set(Graphs.Workflow("odd", Graphs.Task("a"), Graphs.Task("b")));
        var odd = new string('x', StoreText.MaxLength - 1) + "\U0001F600";
        host.Kind.Work = (context, _) =>
        {
            context.Log.Info(odd);
            context.Log.Info("half \uD83D");
            return context.Task.Name == "a" ? throw new TerminalException("nul \0 " + odd) : Task.FromResult(new TaskResult());
        };

        var run = await host.StartRunAsync(definition);

        Assert.Equal("failed", await host.EndOfAsync(run));
        Assert.Equal(["failed", "succeeded"], (await host.StatesAsync(run)).Values);
        Assert.Equal(4, await host.ScalarAsync<long>("SELECT count(*) FROM workflows.logs WHERE line LIKE '%\uFFFD%'"));
    }

    [Fact]
    public async Task Retry_WithABackoffBeyondSense_WaitsADayAtMost()
    {
        await using var host = await HostAsync();
        var definition = host.Catalog.Set(Graphs.Workflow("backoff", Graphs.Task("a")) with { Retries = new RetryPolicy(9, TimeSpan.FromMilliseconds(1), 1e300) });
        host.Kind.Work = (_, _) => throw new TransientException("away");

        var run = await host.StartRunAsync(definition);

        await Eventually.TrueAsync(async () => await host.ScalarAsync<bool>($"SELECT EXISTS (SELECT FROM workflows.tasks WHERE state = 'retrying' AND try = 2)"));
        Assert.True(await host.ScalarAsync<bool>("SELECT not_before <= now() + interval '1 day' AND not_before > now() + interval '23 hours' FROM workflows.tasks"));
        await host.Store.CancelAsync(run, default);
        Assert.Equal("cancelled", await host.EndOfAsync(run));
    }

    [Fact]
    public async Task Run_BeyondItsTimeout_IsStoppedWithItsTasks()
    {
        await using var host = await HostAsync();
        var definition = host.Catalog.Set(Graphs.Workflow("late", Graphs.Chain(2)) with { Timeout = TimeSpan.FromMilliseconds(100) });
        host.Kind.Work = async (context, token) =>
        {
            await Task.Delay(Timeout.Infinite, token);
            return new TaskResult();
        };

        var run = await host.StartRunAsync(definition);

        Assert.Equal("timed_out", await host.EndOfAsync(run));
        Assert.Equal(["cancelled", "cancelled"], (await host.StatesAsync(run)).Values);
    }

    [Fact]
    public async Task Cancel_MidTask_ReachesTheWorkerThatHasIt()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var host = await EngineHost.CreateAsync(database);
        await using var other = await EngineHost.CreateAsync(database, start: false, catalog: host.Catalog);
        var definition = host.Catalog.Set(Graphs.Workflow("cancel", Graphs.Chain(2)));
        var begun = new TaskCompletionSource();
        host.Kind.Work = async (context, token) =>
        {
            begun.SetResult();
            await Task.Delay(Timeout.Infinite, token);
            return new TaskResult();
        };
        var run = await host.StartRunAsync(definition);
        await begun.Task;

        var stopped = await other.Store.CancelAsync(run, default);

        Assert.Null(stopped.Ended);
        Assert.Equal("cancelled", await host.EndOfAsync(run));
        Assert.Equal(["cancelled", "cancelled"], (await host.StatesAsync(run)).Values);
    }

    [Fact]
    public async Task Stop_OfTheHost_GivesRunningTasksBackAtOnce()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var host = await EngineHost.CreateAsync(database);
        var definition = host.Catalog.Set(Graphs.Workflow("stop", Graphs.Chain(2)));
        var begun = new TaskCompletionSource();
        host.Kind.Work = async (context, token) =>
        {
            begun.TrySetResult();
            await Task.Delay(Timeout.Infinite, token);
            return new TaskResult();
        };
        var run = await host.StartRunAsync(definition);
        await begun.Task;

        await host.StopAsync();

        Assert.Equal("ready", await host.StateOfAsync(run, "t0"));
        await using var other = await EngineHost.CreateAsync(database, catalog: host.Catalog);
        Assert.Equal("succeeded", await other.EndOfAsync(run));

        // The worker may have been asking for tasks at that moment, and then gives the task back once more.
        var outcomes = await other.TextsAsync($"SELECT outcome FROM workflows.tries WHERE run_id = {run} ORDER BY ordinal, try");
        Assert.InRange(outcomes.Count(o => o == "released"), 1, 2);
        Assert.Equal(["succeeded", "succeeded"], outcomes.Where(o => o != "released"));
    }

    [Fact]
    public async Task Lease_OfADeadWorker_PassesToAnotherAndTheDeadOneChangesNothing()
    {
        await using var host = await HostAsync(start: false);
        var definition = host.Catalog.Set(Graphs.Workflow("dead", Graphs.Chain(2)));
        var run = await host.StartRunAsync(definition);
        var zombie = Assert.Single(await host.Store.ClaimAsync("zombie", 1, default));
        await using (var pass = host.Database.CreateCommand("UPDATE workflows.tasks SET lease_until = lease_until - interval '1 hour'"))
            await pass.ExecuteNonQueryAsync();

        host.Start();

        Assert.Equal("succeeded", await host.EndOfAsync(run));
        var finished = new FinishedTry
        {
            Key = zombie.Key,
            Owner = "zombie",
            Outcome = Contracts.TryOutcome.Succeeded,
            Result = new TaskResult { RowsWritten = 666, Cursor = JsonValue.Create("zombie") },
            Log = [new LogLine(DateTimeOffset.UtcNow, false, "I live")],
        };
        Assert.False((await host.Store.FinishAsync(finished, 1, default)).Accepted);
        await host.Store.ReportAsync("zombie", zombie.Key, [new LogLine(DateTimeOffset.UtcNow, false, "I live")], 1, 1, default);
        Assert.Empty(await host.Store.RenewAsync("zombie", [zombie.Key], default));
        Assert.Equal(2, host.Kind.Calls.First(c => c.Task.Name == "t0").Try);
        Assert.Equal(["lost", "succeeded", "succeeded"], await host.TextsAsync($"SELECT outcome FROM workflows.tries WHERE run_id = {run} ORDER BY ordinal, try"));
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT (SELECT count(*) FROM workflows.logs) + (SELECT count(*) FROM workflows.cursors)"));
    }

    [Fact]
    public async Task Lease_LostAgainAndAgain_FailsTheTask()
    {
        await using var host = await HostAsync(o => o.Lease = TimeSpan.FromMilliseconds(1), start: false);
        var run = await host.StartRunAsync(host.Catalog.Set(Graphs.Workflow("cursed", Graphs.Chain(2))));
        for (var i = 0; i < 5; i++)
        {
            Assert.Single(await host.Store.ClaimAsync("mortal", 1, default));
            await Eventually.TrueAsync(async () => (await host.Store.SweepAsync(default)).Lost.Count == 1);
        }

        Assert.Equal(["failed", "upstream_failed"], (await host.StatesAsync(run)).Values);
        Assert.Equal("failed", await host.EndOfAsync(run));
    }

    [Fact]
    public async Task Workers_SharingManyRuns_DoEachTaskOnce()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var one = await EngineHost.CreateAsync(database);
        await using var two = await EngineHost.CreateAsync(database, catalog: one.Catalog);
        foreach (var (mine, other) in (ReadOnlySpan<(EngineHost, EngineHost)>)[(one, two), (two, one)])
        {
            // Neither ends a task before the other one has begun one.
            mine.Kind.Work = async (_, token) =>
            {
                while (other.Kind.Calls.IsEmpty)
                    await Task.Delay(1, token);
                return new TaskResult();
            };
        }

        var definition = one.Catalog.Set(Graphs.Workflow("shared", Graphs.Task("a"), Graphs.Task("b"), Graphs.Task("c", "a", "b")) with { MaxActiveRuns = 50 });
        await one.Store.KeepAsync(definition, default);

        await one.Store.StartAsync(
            new NewRuns
            {
                Workflow = "shared",
                Version = definition.Version,
                Trigger = Contracts.RunTrigger.Manual,
                LogicalDates = [.. Enumerable.Repeat(DateTimeOffset.UnixEpoch, 200)],
                Parameters = new Dictionary<string, string>(),
            },
            default);

        await Eventually.TrueAsync(async () => await one.ScalarAsync<long>("SELECT count(*) FROM workflows.runs WHERE state = 'succeeded'") == 200);
        Assert.Equal(600, one.Kind.Calls.Count + two.Kind.Calls.Count);
        Assert.Equal(600, one.Kind.Calls.Concat(two.Kind.Calls).Select(c => c.EffectId).Distinct().Count());
    }

    [Theory]
    [InlineData(1, 3)]
    [InlineData(2, 1)]
    public async Task Runs_BeyondTheLimits_WaitForTheirTurnOldestFirst(int activeRuns, int parallelTasks)
    {
        await using var host = await HostAsync();
        var tasks = Enumerable.Range(0, 6).Select(i => Graphs.Task($"t{i}")).ToArray();
        var definition = host.Catalog.Set(Graphs.Workflow("limits", tasks) with { MaxActiveRuns = activeRuns, MaxParallelTasks = parallelTasks });
        var now = new Dictionary<long, int>();
        var full = new ConcurrentDictionary<long, TaskCompletionSource>();
        int mostRuns = 0, mostTasks = 0;
        host.Kind.Work = async (context, token) =>
        {
            lock (now)
            {
                now[context.RunId] = now.GetValueOrDefault(context.RunId) + 1;
                mostTasks = Math.Max(mostTasks, now[context.RunId]);
                mostRuns = Math.Max(mostRuns, now.Count(n => n.Value > 0));
                if (now[context.RunId] == parallelTasks)
                    full.GetOrAdd(context.RunId, _ => new()).TrySetResult();
            }

            await full.GetOrAdd(context.RunId, _ => new()).Task.WaitAsync(token);
            lock (now)
                now[context.RunId]--;
            return new TaskResult();
        };

        var runs = new List<long>();
        for (var i = 0; i < 5; i++)
            runs.Add(await host.StartRunAsync(definition));
        foreach (var run in runs)
            Assert.Equal("succeeded", await host.EndOfAsync(run));

        Assert.InRange(mostRuns, 1, activeRuns);
        Assert.Equal(parallelTasks, mostTasks);
        var starts = await host.TextsAsync("SELECT id::text FROM workflows.runs ORDER BY started_at, id");
        Assert.Equal(runs.Select(r => r.ToString(System.Globalization.CultureInfo.InvariantCulture)), starts);
    }

    [Fact]
    public async Task Run_StartedWithAVersion_KeepsIt()
    {
        await using var host = await HostAsync(start: false);
        var old = host.Catalog.Set(Graphs.Workflow("pinned", Graphs.Task("before")));
        var run = await host.StartRunAsync(old);
        host.Catalog.Set(old.Again() with { Tasks = [Graphs.Task("after")] });

        host.Start();

        Assert.Equal("succeeded", await host.EndOfAsync(run));
        Assert.Equal("before", Assert.Single(host.Kind.Calls).Task.Name);
        Assert.Equal([old.Version], host.Catalog.Restored);
    }

    [Fact]
    public async Task Retry_OfAFailedRun_RunsWhatDidNotEndWell()
    {
        await using var host = await HostAsync();
        var definition = host.Catalog.Set(Graphs.Workflow("again", Graphs.Task("a"), Graphs.Task("b", "a"), Graphs.Task("c", "b"), Graphs.Task("d", "a")));
        var broken = true;
        host.Kind.Work = (context, _) => context.Task.Name == "b" && broken
            ? throw new TerminalException("broken")
            : Task.FromResult(new TaskResult { Output = new TaskOutput(OutputKind.Files, [context.Task.Name]) });
        var run = await host.StartRunAsync(definition);
        Assert.Equal("failed", await host.EndOfAsync(run));

        broken = false;
        Assert.Equal(Contracts.RunState.Failed, await host.Store.RetryAsync(run, default));

        Assert.Equal("succeeded", await host.EndOfAsync(run));
        Assert.Equal(["a", "b", "b", "c", "d"], host.Kind.Calls.Select(c => c.Task.Name).Order());
        Assert.Equal(2, host.Kind.Calls.Last(c => c.Task.Name == "b").Try);
        Assert.Equal(["a", "b"], host.Kind.Calls.Last().Inputs.Keys.Order());
        Assert.Equal(Contracts.RunState.Succeeded, await host.Store.RetryAsync(run, default));
        Assert.Null(await host.Store.RetryAsync(run + 1, default));
    }

    private async Task<EngineHost> HostAsync(Action<WorkflowsOptions>? options = null, bool start = true, IReadOnlyDictionary<string, string?>? configuration = null) =>
        await EngineHost.CreateAsync(await postgres.CreateDatabaseAsync(), start, options: options, configuration: configuration);
}
