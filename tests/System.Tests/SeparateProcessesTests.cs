using Pipeline.Testing;

namespace Pipeline.Whole.Tests;

/// <summary>Api and Workers as processes of their own on one PostgreSQL and one lake; workers share the partitions.</summary>
public sealed class SeparateProcessesTests(PostgresFixture postgres, RadosGateway gateway) : IClassFixture<PostgresFixture>, IClassFixture<RadosGateway>
{
    [Fact]
    public async Task ApiAndTwoWorkers_OneKilled_EverythingArrivesOnce()
    {
        using var data = new TempDirectory();
        await KillOneAsync(data.Path("lake"));
    }

    [SkippableFact]
    public async Task ApiAndTwoWorkersOnABucket_OneKilled_EverythingArrivesOnce()
    {
        RadosGateway.SkipUnlessThere();
        await KillOneAsync(gateway.NewLake());
    }

    private async Task KillOneAsync(string lake)
    {
        var environment = new Dictionary<string, string>
        {
            ["ConnectionStrings__warehouse"] = await postgres.CreateDatabaseAsync(),
            ["ConnectionStrings__lake"] = lake,
            ["Purchases__CommitInterval"] = "00:00:00.500",
        };
        await using var api = ServiceProcess.Launch("Pipeline.Api.dll", environment);
        await using var first = ServiceProcess.Launch("Pipeline.Workers.dll", environment, "run");
        await using var second = ServiceProcess.Launch("Pipeline.Workers.dll", environment, "run");
        foreach (var process in (ServiceProcess[])[api, first, second])
            await process.HealthyAsync();
        using var ledger = new ShopLedger(api.Url);
        using var stop = new CancellationTokenSource();
        var sending = ledger.SendAsync(stop.Token);
        await Eventually.TrueAsync(() => ledger.Events.Values.Count(a => a) > 300 && ledger.Orders.Values.Count(a => a) > 300);
        await first.KillAsync();
        var before = ledger.Events.Values.Count(a => a);
        await Eventually.TrueAsync(() => ledger.Events.Values.Count(a => a) > before + 300);
        await stop.CancelAsync();
        await sending;
        await KillCycles.DrainAsync(api.Url);
        await KillCycles.VerifyAsync(ledger, environment["ConnectionStrings__warehouse"], environment["ConnectionStrings__lake"]);
    }
}
