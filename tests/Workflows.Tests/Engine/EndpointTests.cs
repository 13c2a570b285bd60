using System.Net;
using System.Text.Json.Nodes;
using Pipeline.Testing;
using Pipeline.Workflows.Application;
using Pipeline.Workflows.Domain;

namespace Pipeline.Workflows.Tests.Engine;

public sealed class EndpointTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IAsyncLifetime
{
    private ApiHost? _host;

    private ApiHost Host => _host!;

    public async Task InitializeAsync() => _host = await ApiHost.StartAsync(await postgres.CreateDatabaseAsync());

    public async Task DisposeAsync() => await _host!.DisposeAsync();

    [Fact]
    public async Task StartRun_WithParams_RunsAndShowsWhatItDid()
    {
        Host.Catalog.Set(Weather());
        Host.Kind.Work = (context, _) =>
        {
            context.Log.Info($"to {context.Parameters["city"]} {context.Parameters["rows"]}");
            return Task.FromResult(new TaskResult { RowsRead = 3, RowsWritten = 2, BytesWritten = 1, Output = new TaskOutput(OutputKind.Table, ["a/b"], 7) });
        };

        var (status, started, response) = await Host.PostAsync("/workflows/weather/runs", """{"Params":{"rows":5},"LogicalDate":"2026-03-01T00:00:00Z"}""");

        Assert.Equal(HttpStatusCode.Accepted, status);
        Assert.Equal($"/runs/{started["Id"]}", response.Headers.Location!.ToString());
        Assert.Equal("manual", (string)started["Trigger"]!);
        var run = await Host.EndOfAsync((long)started["Id"]!);
        Assert.Equal("succeeded", (string)run["Run"]!["State"]!);
        Assert.Equal("""{"succeeded":2}""", run["Run"]!["Tasks"]!.ToJsonString());
        Assert.Equal("2026-03-01T00:00:00+00:00", (string)run["Run"]!["LogicalDate"]!);
        Assert.Equal("""{"city":"Oslo","rows":"5"}""", run["Params"]!.ToJsonString());
        var first = run["Tasks"]![0]!;
        Assert.Equal(("read", "succeeded", 3, 2, 1, "table a/b, version 7"), ((string)first["Name"]!, (string)first["State"]!, (int)first["RowsRead"]!, (int)first["RowsWritten"]!, (int)first["BytesWritten"]!, (string)first["Output"]!));
        Assert.Equal("""["load"]""", first["Before"]!.ToJsonString());
        Assert.Equal("succeeded", (string)first["Tries"]![0]!["Outcome"]!);

        var (_, lines, _) = await Host.GetAsync($"/runs/{started["Id"]}/logs");
        Assert.Equal(["read: to Oslo 5", "load: to Oslo 5"], lines.AsArray().Select(l => $"{l!["Task"]}: {l["Text"]}"));
        var (_, later, _) = await Host.GetAsync($"/runs/{started["Id"]}/logs?after={lines[0]!["Id"]}&task=load&try=1&limit=5");
        Assert.Equal("load", (string)Assert.Single(later.AsArray())!["Task"]!);
    }

    [Fact]
    public async Task StartRun_WhatIsWrong_IsSaidFieldByField()
    {
        Host.Catalog.Set(Weather() with { Parameters = new Dictionary<string, Parameter> { ["city"] = new(null) } });

        var (status, body, _) = await Host.PostAsync("/workflows/weather/runs", """{"Params":{"town":"Oslo","list":[1]},"LogicalDate":"soon"}""");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal(["LogicalDate", "Params.list"], body["errors"]!.AsObject().Select(e => e.Key).Order());

        (status, body, _) = await Host.PostAsync("/workflows/weather/runs", """{"Params":{"town":"Oslo"}}""");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal(["Params.city", "Params.town"], body["errors"]!.AsObject().Select(e => e.Key).Order());

        (status, _, _) = await Host.PostAsync("/workflows/weather/runs", "{");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Empty(Host.Kind.Calls);
    }

    [Fact]
    public async Task Requests_ForWhatIsNotThere_NameWhatThereIs()
    {
        Host.Catalog.Set(Weather());
        Host.Catalog.SetFaulty("faulty");
        foreach (var path in (string[])["/workflows/none", "/workflows/none/runs", "/runs/77", "/runs/77/logs", "/backfills/77"])
        {
            var (status, body, response) = await Host.GetAsync(path);
            Assert.Equal((HttpStatusCode.NotFound, "application/problem+json"), (status, response.Content.Headers.ContentType!.MediaType));
            Assert.Contains(path.Contains("none", StringComparison.Ordinal) ? "There are faulty, weather" : "77", (string)body["detail"]!, StringComparison.Ordinal);
        }

        foreach (var path in (string[])["/workflows/none/runs", "/workflows/none/pause", "/workflows/none/resume", "/runs/77/cancel", "/runs/77/retry", "/backfills/77/cancel"])
            Assert.Equal(HttpStatusCode.NotFound, (await Host.PostAsync(path)).Status);
        var (conflict, problem, _) = await Host.PostAsync("/workflows/faulty/runs");
        Assert.Equal(HttpStatusCode.Conflict, conflict);
        Assert.Contains("workflow.yaml:3: tasks: is wrong", (string)problem["detail"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Workflows_ListedAndShown_HaveScheduleTasksAndFaults()
    {
        Host.Catalog.Set(Weather() with { Schedule = new Schedule("0 6 * * *", "Europe/Berlin") });
        Host.Catalog.SetFaulty("faulty");

        var (_, list, _) = await Host.GetAsync("/workflows");
        Assert.Equal(["faulty", "weather"], list.AsArray().Select(w => (string)w!["Name"]!));
        Assert.Equal("workflow.yaml:3: tasks: is wrong", (string)list[0]!["Faults"]![0]!);
        Assert.NotNull(list[1]!["NextSlot"]);

        var (_, details, _) = await Host.GetAsync("/workflows/weather");
        Assert.Equal("""{"Cron":"0 6 * * *","TimeZone":"Europe/Berlin","Catchup":false,"OnMissed":"last"}""", details["Schedule"]!.ToJsonString());
        Assert.Equal(5, details["NextSlots"]!.AsArray().Count);
        Assert.Equal("""{"Name":"load","Kind":"fake","After":["read"],"When":null,"Retries":0,"Timeout":null}""", details["Tasks"]![1]!.ToJsonString());
        Assert.Equal("city", (string)details["Params"]![0]!["Name"]!);

        var (_, paused, _) = await Host.PostAsync("/workflows/weather/pause");
        Assert.True((bool)paused["Paused"]!);
        Assert.Empty(paused["NextSlots"]!.AsArray());
        var (_, resumed, _) = await Host.PostAsync("/workflows/weather/resume");
        Assert.False((bool)resumed["Paused"]!);
    }

    [Fact]
    public async Task Runs_ListedByPagesAndState_ComeNewestFirst()
    {
        Host.Catalog.Set(Weather());
        Host.Kind.Work = (context, _) => context.Parameters["city"] == "Rome" ? throw new TerminalException("no") : Task.FromResult(new TaskResult());
        foreach (var city in (string[])["Oslo", "Rome", "Oslo", "Rome", "Oslo"])
            await Host.EndOfAsync((long)(await Host.PostAsync("/workflows/weather/runs", $$$"""{"Params":{"city":"{{{city}}}"}}""")).Body["Id"]!);

        var pages = new List<string>();
        for (var path = "/workflows/weather/runs?limit=2"; path is not null;)
        {
            var (_, runs, response) = await Host.GetAsync(path);
            pages.Add(string.Join(',', runs.AsArray().Select(r => (string)r!["State"]!)));
            path = response.Headers.TryGetValues("Link", out var link) ? link.Single().Split('<', '>')[1] : null;
        }

        Assert.Equal(["succeeded,failed", "succeeded,failed", "succeeded"], pages);
        Assert.Equal(2, (await Host.GetAsync("/workflows/weather/runs?state=failed")).Body.AsArray().Count);
        var (status, body, _) = await Host.GetAsync("/workflows/weather/runs?state=lost&limit=0");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("timed_out", (string)body["errors"]!["state"]![0]!, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, (await Host.GetAsync("/workflows/weather/runs?limit=0")).Status);
    }

    [Fact]
    public async Task CancelAndRetry_OfARun_WorkInTheStatesThatAllowThem()
    {
        Host.Catalog.Set(Weather());
        var blocked = true;
        Host.Kind.Work = async (_, token) =>
        {
            if (blocked)
                await Task.Delay(Timeout.Infinite, token);
            return new TaskResult();
        };
        var run = (long)(await Host.PostAsync("/workflows/weather/runs")).Body["Id"]!;
        var queued = (long)(await Host.PostAsync("/workflows/weather/runs")).Body["Id"]!;
        await Eventually.TrueAsync(() => !Host.Kind.Calls.IsEmpty);

        Assert.Equal(HttpStatusCode.Conflict, (await Host.PostAsync($"/runs/{run}/retry")).Status);
        var (status, cancelled, _) = await Host.PostAsync($"/runs/{queued}/cancel");
        Assert.Equal((HttpStatusCode.Accepted, "cancelled"), (status, (string)cancelled["State"]!));
        Assert.Equal(HttpStatusCode.Accepted, (await Host.PostAsync($"/runs/{run}/cancel")).Status);
        Assert.Equal("cancelled", (string)(await Host.EndOfAsync(run))["Run"]!["State"]!);
        Assert.Equal(HttpStatusCode.Conflict, (await Host.PostAsync($"/runs/{run}/cancel")).Status);

        blocked = false;
        Assert.Equal(HttpStatusCode.Accepted, (await Host.PostAsync($"/runs/{run}/retry")).Status);
        var ended = await Host.EndOfAsync(run);
        Assert.Equal(("succeeded", 2), ((string)ended["Run"]!["State"]!, (int)ended["Run"]!["Attempt"]!));
        Assert.Equal(HttpStatusCode.Conflict, (await Host.PostAsync($"/runs/{run}/retry")).Status);
    }

    [Fact]
    public async Task Backfill_OfARange_RunsEachSlotOnceAndNoMoreAtOnceThanAsked()
    {
        Host.Catalog.Set(Weather() with { Schedule = new Schedule("0 0 * * *"), MaxActiveRuns = 4 });
        var (now, most) = (0, 0);
        var gate = new Lock();
        var full = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Host.Kind.Work = async (_, token) =>
        {
            lock (gate)
            {
                most = Math.Max(most, ++now);
                if (most == 2)
                    full.TrySetResult();
            }

            await full.Task.WaitAsync(token);
            lock (gate)
                now--;
            return new TaskResult();
        };

        var (status, started, response) = await Host.PostAsync(
            "/workflows/weather/backfill", """{"From":"2025-01-01T00:00:00Z","To":"2025-01-07T00:00:00Z","Concurrency":2,"Params":{"city":"Rome"}}""");

        Assert.Equal(HttpStatusCode.Accepted, status);
        Assert.Equal(7, Total(started));
        var path = response.Headers.Location!.ToString();
        await Eventually.TrueAsync(async () => (await Host.GetAsync(path)).Body["Runs"]!.ToJsonString() == """{"succeeded":7}""");
        Assert.Equal(2, most);
        Assert.All(Host.Kind.Calls, c => Assert.Equal("Rome", c.Parameters["city"]));
        Assert.Equal(
            Enumerable.Range(1, 7).Select(d => new DateTimeOffset(2025, 1, d, 0, 0, 0, TimeSpan.Zero)),
            Host.Kind.Calls.Select(c => c.LogicalDate).Distinct().Order());

        // Slots that have a run are passed over.
        var (_, again, _) = await Host.PostAsync("/workflows/weather/backfill", """{"From":"2025-01-06T00:00:00Z","To":"2025-01-09T00:00:00Z"}""");
        Assert.Equal(2, Total(again));
        Assert.Equal(2, (await Host.GetAsync($"/workflows/weather/runs?backfill={again["Id"]}")).Body.AsArray().Count);
    }

    [Fact]
    public async Task Backfill_Cancelled_EndsItsRunsAndLeavesOthers()
    {
        Host.Catalog.Set(Weather() with { Schedule = new Schedule("0 0 * * *"), MaxActiveRuns = 2 });
        Host.Kind.Work = async (context, token) =>
        {
            if (context.LogicalDate.Year == 2025)
                await Task.Delay(Timeout.Infinite, token);
            return new TaskResult();
        };
        var (_, started, _) = await Host.PostAsync("/workflows/weather/backfill", """{"From":"2025-01-01T00:00:00Z","To":"2025-01-20T00:00:00Z","Concurrency":1}""");
        await Eventually.TrueAsync(() => !Host.Kind.Calls.IsEmpty);

        // The backfill takes one of the workflow's two places; the other one stays free.
        var other = (long)(await Host.PostAsync("/workflows/weather/runs")).Body["Id"]!;
        Assert.Equal("succeeded", (string)(await Host.EndOfAsync(other))["Run"]!["State"]!);
        Assert.Equal(HttpStatusCode.Accepted, (await Host.PostAsync($"/backfills/{started["Id"]}/cancel")).Status);

        await Eventually.TrueAsync(async () => (await Host.GetAsync($"/backfills/{started["Id"]}")).Body["Runs"]!.ToJsonString() == """{"cancelled":20}""");
        Assert.NotNull((await Host.GetAsync($"/backfills/{started["Id"]}")).Body["CancelledAt"]);
    }

    [Theory]
    [InlineData("""{"From":"2025-01-02T00:00:00Z","To":"2025-01-01T00:00:00Z"}""", "To")]
    [InlineData("""{"From":"2025-01-02T00:00:01Z","To":"2025-01-02T00:00:02Z"}""", "To")]
    [InlineData("""{"From":"1925-01-02T00:00:00Z","To":"2025-01-02T00:00:02Z"}""", "To")]
    [InlineData("""{"From":"2025-01-01T00:00:00Z"}""", "To")]
    [InlineData("""{"From":"2025-01-01T00:00:00Z","To":"2025-01-05T00:00:00Z","Concurrency":0}""", "Concurrency")]
    [InlineData("""{"From":"2025-01-01T00:00:00Z","To":"2025-01-05T00:00:00Z","Concurrency":9}""", "Concurrency")]
    public async Task Backfill_WhatIsWrong_IsSaid(string request, string field)
    {
        Host.Catalog.Set(Weather() with { Schedule = new Schedule("0 0 * * *") });
        var (status, body, _) = await Host.PostAsync("/workflows/weather/backfill", request);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal(field, Assert.Single(body["errors"]!.AsObject()).Key);
    }

    private static int Total(JsonNode backfill) => backfill["Runs"]!.AsObject().Sum(r => (int)r.Value!);

    private static WorkflowDefinition Weather() => Graphs.Workflow("weather", Graphs.Task("read"), Graphs.Task("load", "read")) with
    {
        Parameters = new Dictionary<string, Parameter> { ["city"] = new("Oslo", "Where."), ["rows"] = new("1") },
    };
}
