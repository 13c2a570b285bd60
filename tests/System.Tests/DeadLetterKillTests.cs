using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Pipeline.EventLog;
using Pipeline.Testing;

namespace Pipeline.Whole.Tests;

/// <summary>A replay of dead letters is killed with <c>kill -9</c> again and again: each record is in its topic, and in the store, exactly once.</summary>
public sealed class DeadLetterKillTests
{
    private const int Letters = 3_000;
    private const int Kills = 3;

    [Fact]
    public async Task Replay_KilledOnTheWay_AppendsEachOnce()
    {
        using var data = new TempDirectory();
        var port = AppHostProcess.FreePort();
        var random = new Random(11);
        var host = await AppHostProcess.StartAsync(data.FullPath, port: port);
        try
        {
            await AddLettersAsync(AppHostProcess.WarehouseOf(data.FullPath));
            using var http = new HttpClient { BaseAddress = host.Url, Timeout = TimeSpan.FromSeconds(60) };
            for (var kill = 0; kill < Kills; kill++)
            {
                var replay = ReplayAsync(http);
                await Task.Delay(random.Next(60, 400));
                await host.KillAsync();
                await Assert.ThrowsAnyAsync<Exception>(() => replay);
                await host.DisposeAsync();
                host = await AppHostProcess.StartAsync(data.FullPath, port: port);
            }

            // Keys that were reserved when the process died are free after half a minute.
            var summary = "";
            await Eventually.TrueAsync(async () =>
            {
                await ReplayAsync(http);
                summary = await http.GetStringAsync("/dead-letters/summary");
                using var parsed = JsonDocument.Parse(summary);
                return parsed.RootElement.GetProperty("Open").GetInt64() == 0;
            }, TimeSpan.FromSeconds(90), () => summary);
            await KillCycles.DrainAsync(host.Url);
            Assert.Equal($"{Letters} {Letters}", await CountAsync(AppHostProcess.WarehouseOf(data.FullPath)));
        }
        finally
        {
            await host.DisposeAsync();
        }
    }

    private static async Task ReplayAsync(HttpClient http)
    {
        using var response = await http.PostAsJsonAsync("/dead-letters/replay", new { Filter = new { } });
        response.EnsureSuccessStatusCode();
    }

    private static async Task AddLettersAsync(string warehouse)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { ["ConnectionStrings:warehouse"] = warehouse }).Build();
        await using var services = new ServiceCollection().AddLogging().AddEventLog(configuration).BuildServiceProvider();
        var log = services.GetRequiredService<IEventLog>();
        var letters = Enumerable.Range(0, Letters).Select(i => new NewRecord(
            Encoding.UTF8.GetBytes("key"),
            Encoding.UTF8.GetBytes(string.Create(
                CultureInfo.InvariantCulture,
                $$$"""{"UserId":"user-{{{i % 50}}}","SessionId":"dead-{{{i}}}","EventName":"AddedBasket","TimeStamp":"2026-01-20T10:15:30Z","Attributes":{"ProductId":"p-5","Price":19.99,"Discount":2.5}}""")),
            new RecordHeader[]
            {
                new(EventLog.DeadLetters.ReasonHeader, Encoding.UTF8.GetBytes("TimeStamp is not a string.")),
                new(EventLog.DeadLetters.SourceHeader, Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"UserEvents/0/{1_000_000 + i}"))),
            })).ToArray();
        foreach (var some in letters.Chunk(500))
            await log.AppendAsync("UserEvents.dead", some, new RecordPosition[some.Length]);
    }

    private static async Task<string?> CountAsync(string warehouse)
    {
        await using var source = NpgsqlDataSource.Create(warehouse);
        await using var command = source.CreateCommand("select count(*) || ' ' || count(distinct session_id) from events.user_events where session_id like 'dead-%'");
        return (string?)await command.ExecuteScalarAsync();
    }
}
