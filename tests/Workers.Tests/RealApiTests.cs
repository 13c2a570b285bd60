using System.Text.Json;
using Pipeline.Ingestion.Contracts;
using Pipeline.Testing;
using Pipeline.Workers.CommandLine;
using Pipeline.Workers.Generator;

namespace Pipeline.Workers.Tests;

/// <summary>Generator and replay against the real ingestion module and log.</summary>
public sealed class RealApiTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task Generate_RealApi_TakesAllOfItAndFindsEveryTotalRight()
    {
        await using var api = await RealApi.StartAsync(await postgres.CreateDatabaseAsync());
        using var generator = new TrafficGenerator(
            new GeneratorOptions
            {
                Url = api.Url, EventsPerSecond = 60, OrdersPerSecond = 40, OrdersPerRequest = 15, Duration = TimeSpan.FromSeconds(2),
                DrainTimeout = TimeSpan.FromMinutes(1),
            },
            TimeProvider.System, new GeneratorMetrics());
        await generator.RunAsync(null, CancellationToken.None);

        var (events, orders) = (generator.Status.Events, generator.Status.Orders);
        Assert.Equal((events.Generated, orders.Generated), (events.Accepted, orders.Accepted));
        Assert.Equal((120, 80), (events.Accepted + events.Skipped, orders.Accepted + orders.Skipped));
        Assert.Equal(events.Accepted, (await api.ReadAsync(Topics.UserEvents)).Payloads.Count);
        var (payloads, marked) = await api.ReadAsync(Topics.PurchasedItem);
        Assert.Equal((orders.Accepted, 0), (payloads.Count, marked));
        Assert.Equal(payloads.Count, payloads.Select(p => JsonSerializer.Deserialize<PurchasedOrder>(p)!.OrderId).Distinct().Count());
    }

    [Fact]
    public async Task Replay_RealApiTwice_HoldsEveryOrderOnce()
    {
        await using var api = await RealApi.StartAsync(await postgres.CreateDatabaseAsync());
        string[] replay = ["replay", "--csv", Repository.SampleCsv, "--batch", "4", "--url", api.Url.ToString()];
        Assert.Equal(ExitCode.Ok, await WorkersCommandLine.InvokeAsync(replay, null, TextWriter.Null, TextWriter.Null));
        Assert.Equal(ExitCode.Ok, await WorkersCommandLine.InvokeAsync(replay, null, TextWriter.Null, TextWriter.Null));
        var (payloads, marked) = await api.ReadAsync(Topics.PurchasedItem);
        Assert.Equal((23, 0), (payloads.Count, marked));

        // The log holds the very bytes that were sent.
        var expected = new List<string>();
        await using var file = File.OpenRead(Repository.SampleCsv);
        await foreach (var order in CsvOrders.ReadAsync(file, new CsvReport()))
        {
            var json = new System.Buffers.ArrayBufferWriter<byte>();
            TrafficJson.Write(json, order);
            expected.Add(System.Text.Encoding.UTF8.GetString(json.WrittenSpan));
        }

        Assert.Equal(expected.Order(StringComparer.Ordinal), payloads.Order(StringComparer.Ordinal));

        Assert.Equal(ExitCode.Ok, await WorkersCommandLine.InvokeAsync([.. replay, "--again"], null, TextWriter.Null, TextWriter.Null));
        Assert.Equal(46, (await api.ReadAsync(Topics.PurchasedItem)).Payloads.Count);
    }

    [Fact]
    public async Task Replay_OrderTheRealApiRefuses_LosesNoNeighbour()
    {
        await using var api = await RealApi.StartAsync(await postgres.CreateDatabaseAsync());
        using var directory = new TempDirectory();
        var csv = Path.Combine(directory.FullPath, "orders.csv");
        await File.WriteAllTextAsync(csv, """
            InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
            1,A,d,1,12-01-2010 08:00,1,c,UK
            2,A,d,2000000,12-01-2010 08:01,1,c,UK
            3,A,d,1,12-01-2010 08:02,1,c,UK
            """);
        await using var output = new StringWriter();
        await using var error = new StringWriter();
        Assert.Equal(ExitCode.Failed, await WorkersCommandLine.InvokeAsync(["replay", "--csv", csv, "--url", api.Url.ToString()], null, output, error));
        Assert.Contains("2 accepted, 1 rejected", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("answered 400", error.ToString(), StringComparison.Ordinal);
        Assert.Contains("[0].Products[0].ItemCount", error.ToString(), StringComparison.Ordinal);
        Assert.Equal(2, (await api.ReadAsync(Topics.PurchasedItem)).Payloads.Count);
    }
}
