using System.Diagnostics;
using System.Globalization;
using Pipeline.Testing;

namespace Pipeline.Whole.Tests;

/// <summary>Api and Workers as processes of their own on one PostgreSQL and one lake; workers share the partitions.</summary>
public sealed class SeparateProcessesTests(PostgresFixture postgres, RadosGateway gateway) : IClassFixture<PostgresFixture>, IClassFixture<RadosGateway>
{
    [Fact]
    public async Task ApiAndTwoWorkers_OneKilled_EverythingArrivesOnce()
    {
        using var data = new TempDirectory();
        await KillOneAsync(data.Path("lake"), () => Task.FromResult(data.Path("lake")));
    }

    [SkippableFact]
    public async Task ApiAndTwoWorkersOnABucket_OneKilled_EverythingArrivesOnce()
    {
        RadosGateway.SkipUnlessThere();
        using var data = new TempDirectory();
        var lake = gateway.NewLake();
        await KillOneAsync(lake, async () =>
        {
            await gateway.MirrorAsync(lake, data.FullPath);
            return data.FullPath;
        });
    }

    private async Task KillOneAsync(string lake, Func<Task<string>> folderOfLake)
    {
        var environment = new Dictionary<string, string>
        {
            ["ConnectionStrings__warehouse"] = await postgres.CreateDatabaseAsync(),
            ["ConnectionStrings__lake"] = lake,
            ["Purchases__CommitInterval"] = "00:00:00.500",
        };
        using var api = Start("Pipeline.Api.dll", environment, out var apiUrl);
        using var first = Start("Pipeline.Workers.dll", environment, out var firstUrl, "run");
        using var second = Start("Pipeline.Workers.dll", environment, out var secondUrl, "run");
        try
        {
            await HealthyAsync(apiUrl);
            await HealthyAsync(firstUrl);
            await HealthyAsync(secondUrl);
            using var ledger = new ShopLedger(apiUrl);
            using var stop = new CancellationTokenSource();
            var sending = ledger.SendAsync(stop.Token);
            await Eventually.TrueAsync(() => ledger.Events.Values.Count(a => a) > 300 && ledger.Orders.Values.Count(a => a) > 300);
            first.Kill();
            var before = ledger.Events.Values.Count(a => a);
            await Eventually.TrueAsync(() => ledger.Events.Values.Count(a => a) > before + 300);
            await stop.CancelAsync();
            await sending;
            await KillCycles.DrainAsync(apiUrl);
            await KillCycles.VerifyAsync(ledger, environment["ConnectionStrings__warehouse"], await folderOfLake());
        }
        finally
        {
            foreach (var process in new[] { api, first, second }.Where(p => !p.HasExited))
            {
                process.Kill();
                await process.WaitForExitAsync();
            }
        }
    }

    private static Process Start(string program, Dictionary<string, string> environment, out Uri url, params string[] arguments)
    {
        url = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{AppHostProcess.FreePort()}"));
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true };
        foreach (var argument in (string[])[Path.Combine(AppContext.BaseDirectory, program), .. arguments, "--urls", url.ToString()])
            start.ArgumentList.Add(argument);
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        var process = Process.Start(start)!;
        process.BeginOutputReadLine();
        return process;
    }

    private static async Task HealthyAsync(Uri url)
    {
        using var http = new HttpClient { BaseAddress = url };
        await Eventually.TrueAsync(async () => (await http.GetAsync("/health")).IsSuccessStatusCode, TimeSpan.FromSeconds(60));
    }
}
