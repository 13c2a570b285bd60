using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Pipeline.Testing;
using Pipeline.Workflows.Application.Time;
using Pipeline.Workflows.Domain;
using Pipeline.Workflows.Infrastructure.Time;

namespace Pipeline.Workflows.Tests.Engine;

public sealed class SlotPlannerTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private static readonly DateTimeOffset _noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Plan_SlotAfterSlot_MakesOneRunEachWhoeverPlans()
    {
        var time = new FixedTime(_noon.AddSeconds(-1));
        await using var host = await HostAsync(time);
        host.Catalog.Set(Hourly("hourly") with { Parameters = new Dictionary<string, Parameter> { ["city"] = new("Oslo") } });
        var planner = host.Services.GetRequiredService<SlotPlanner>();
        Assert.Empty(await planner.PlanAsync("hourly", null, default));

        // The clock of Quartz may be a little ahead.
        Assert.Single(await planner.PlanAsync("hourly", _noon, default));
        time.Now = _noon.AddHours(1).AddSeconds(1);
        var plans = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => planner.PlanAsync("hourly", null, default)));

        Assert.Single(plans.SelectMany(p => p));
        Assert.Equal(
            ["schedule 2026-05-01 12:00 Oslo", "schedule 2026-05-01 13:00 Oslo"],
            await host.TextsAsync("SELECT trigger || ' ' || to_char(logical_date AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' ' || (params ->> 'city') FROM workflows.runs ORDER BY id"));
    }

    [Theory]
    [InlineData("None", false, "")]
    [InlineData("Last", false, "16")]
    [InlineData("All", false, "13,14,15,16")]
    [InlineData("None", true, "13,14,15,16")]
    public async Task Resume_AfterSlotsPassed_CountsThemAsMissed(string onMissed, bool catchup, string expected)
    {
        var time = new FixedTime(_noon.AddMinutes(5));
        await using var host = await HostAsync(time);
        host.Catalog.Set(Hourly("paused") with { Schedule = new Schedule("0 * * * *", "UTC", catchup, Enum.Parse<OnMissed>(onMissed)) });
        var planner = host.Services.GetRequiredService<SlotPlanner>();
        await planner.PauseAsync("paused", default);
        time.Now = _noon.AddHours(4).AddSeconds(10);
        Assert.Empty(await planner.PlanAsync("paused", null, default));

        await planner.ResumeAsync("paused", default);

        Assert.Equal(expected, string.Join(',', await HoursAsync(host)));
        Assert.Empty(await planner.ResumeAsync("paused", default));
    }

    [Fact]
    public async Task Plan_NewWorkflowWithCatchup_RunsTheSlotsSinceItsStart()
    {
        await using var host = await HostAsync(new FixedTime(_noon.AddMinutes(5)));
        host.Catalog.Set(Hourly("late") with { Schedule = new Schedule("0 * * * *", Catchup: true) { Start = _noon.AddHours(-3) } });

        await host.Services.GetRequiredService<SlotPlanner>().PlanAsync("late", null, default);

        Assert.Equal(["09", "10", "11", "12"], await HoursAsync(host));
    }

    [Fact]
    public async Task Plan_AnotherSchedule_CountsFromNowOn()
    {
        var time = new FixedTime(_noon.AddMinutes(5));
        await using var host = await HostAsync(time);
        var planner = host.Services.GetRequiredService<SlotPlanner>();
        host.Catalog.Set(Hourly("moves"));
        await planner.PlanAsync("moves", null, default);
        time.Now = _noon.AddHours(5).AddMinutes(5);
        host.Catalog.Set(Hourly("moves") with { Schedule = new Schedule("30 * * * *", OnMissed: OnMissed.All) });

        Assert.Empty(await planner.PlanAsync("moves", null, default));
        time.Now = _noon.AddHours(5).AddMinutes(31);
        Assert.Single(await planner.PlanAsync("moves", null, default));
    }

    [Fact]
    public async Task Plan_NoWorkflowNoScheduleOrAFault_DoesNothing()
    {
        await using var host = await HostAsync(new FixedTime(_noon));
        host.Catalog.Set(Graphs.Workflow("by-hand", Graphs.Task("a")));
        host.Catalog.SetFaulty("faulty");
        var planner = host.Services.GetRequiredService<SlotPlanner>();
        foreach (var name in (string[])["none", "by-hand", "faulty"])
        {
            Assert.Empty(await planner.PlanAsync(name, null, default));
            Assert.Empty(await planner.PauseAsync(name, default));
        }
    }

    [Fact]
    public async Task Quartz_OnTwoProcesses_RunsEachSlotOnceAndFollowsTheCatalog()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var one = await EngineHost.CreateAsync(database);
        await using var two = await EngineHost.CreateAsync(database, catalog: one.Catalog);
        one.Catalog.Set(Graphs.Workflow("each-second", Graphs.Task("a")) with { Schedule = new Schedule("* * * * * ?") });
        var clocks = new[] { one, two }.Select(h => h.Services.GetServices<IHostedService>().OfType<QuartzClock>().Single()).ToList();
        foreach (var clock in clocks)
            await clock.StartAsync(default);

        await Eventually.TrueAsync(async () => await one.ScalarAsync<long>("SELECT count(*) FROM workflows.runs WHERE state = 'succeeded'") >= 3);
        one.Catalog.Set(Graphs.Workflow("by-hand", Graphs.Task("a")));
        Assert.Equal(1, await one.ScalarAsync<long>("SELECT count(*) FROM workflows.qrtz_triggers"));
        one.Catalog.Remove("each-second");
        await Eventually.TrueAsync(async () => await one.ScalarAsync<long>("SELECT count(*) FROM workflows.qrtz_triggers") == 0);

        foreach (var clock in clocks)
            await clock.StopAsync(default);
        Assert.Equal(
            await one.ScalarAsync<long>("SELECT count(DISTINCT logical_date) FROM workflows.runs"),
            await one.ScalarAsync<long>("SELECT count(*) FROM workflows.runs"));
        Assert.Equal(
            await one.ScalarAsync<long>("SELECT count(*) - 1 FROM workflows.runs"),
            await one.ScalarAsync<long>("SELECT extract(epoch FROM max(logical_date) - min(logical_date))::bigint FROM workflows.runs"));
    }

    private static WorkflowDefinition Hourly(string name) => Graphs.Workflow(name, Graphs.Task("a")) with { Schedule = new Schedule("0 * * * *") };

    private static Task<List<string>> HoursAsync(EngineHost host) =>
        host.TextsAsync("SELECT to_char(logical_date AT TIME ZONE 'UTC', 'HH24') FROM workflows.runs ORDER BY logical_date");

    private async Task<EngineHost> HostAsync(TimeProvider time) => await EngineHost.CreateAsync(await postgres.CreateDatabaseAsync(), start: false, time: time);
}
