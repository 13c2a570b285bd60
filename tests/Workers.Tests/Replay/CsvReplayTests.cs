using System.Globalization;
using System.Text;
using System.Text.Json;
using Pipeline.Ingestion.Contracts;
using Pipeline.Workers.Generator;

namespace Pipeline.Workers.Tests;

public sealed class CsvReplayTests
{
    private readonly ManualTimeProvider _clock = new();

    [Fact]
    public async Task Run_Sample_SendsEveryOrderOnceInTheFilesOrder()
    {
        await using var shop = await FakeShop.StartAsync();
        var (result, report) = await ReplayAsync(shop, await File.ReadAllBytesAsync(Repository.SampleCsv), batch: 10);

        Assert.True(result.Complete);
        Assert.Equal((3, 23, 23), (result.Batches, result.Counts.Accepted, report.Orders));
        var sent = shop.Requests.SelectMany(r => JsonSerializer.Deserialize<PurchasedOrder[]>(r.Body)!).ToArray();
        Assert.Equal([10, 10, 3], shop.Requests.Select(r => r.Records));
        Assert.Equal(23, sent.Select(o => o.OrderId).Distinct().Count());
        Assert.Equal(sent.Select(o => o.TimeStamp).Order(), sent.Select(o => o.TimeStamp));
        Assert.Equal(report.Revenue, sent.Sum(o => o.TotalPrice));
    }

    [Fact]
    public async Task Run_Again_AppendsNothingTwiceUnlessForced()
    {
        await using var shop = await FakeShop.StartAsync();
        var csv = await File.ReadAllBytesAsync(Repository.SampleCsv);
        await ReplayAsync(shop, csv, batch: 10);
        await ReplayAsync(shop, csv, batch: 10);
        Assert.Equal((6, 3), (shop.Requests.Count, shop.Appended.Count));
        Assert.Empty(shop.KeysWithTwoBodies);

        await ReplayAsync(shop, csv, batch: 10, again: "x");
        Assert.Equal((9, 6), (shop.Requests.Count, shop.Appended.Count));

        // Another cut makes other requests, but never the same key with another body.
        await ReplayAsync(shop, csv, batch: 7);
        Assert.Empty(shop.KeysWithTwoBodies);
    }

    [Fact]
    public async Task Run_BatchRefused_IsHalvedUntilOnlyTheOrderAtFaultIsRefused()
    {
        await using var shop = await FakeShop.StartAsync(r => Holds(r, "13")
            ? new Answer(400, Problem: """{"title":"Bad","errors":{"[0].UserId":["Too bad."]}}""")
            : Answer.Accepted);
        var (result, _) = await ReplayAsync(shop, Orders(20), batch: 20);

        Assert.True(result.Complete);
        Assert.Equal((19, 1, 0), (result.Counts.Accepted, result.Counts.Rejected, result.Counts.Pending));
        Assert.Equal("POST /PurchasedItems was answered 400: Bad [0].UserId: Too bad.", result.LastTrouble);
        var appended = shop.Appended.Values.SelectMany(b => JsonSerializer.Deserialize<PurchasedOrder[]>(b)!).Select(o => o.OrderId).ToArray();
        Assert.Equal(19, appended.Length);
        Assert.Equal(19, appended.Distinct().Count());
    }

    [Fact]
    public async Task Run_NoWayToSend_GivesUpAndTriesTheRestNoMore()
    {
        await using var shop = await FakeShop.StartAsync(r => Holds(r, "5") ? new Answer(500) : Answer.Accepted);
        var (result, _) = await ReplayAsync(shop, Orders(20), batch: 2, retry: new RetryOptions { GiveUpAfter = TimeSpan.Zero });
        Assert.False(result.Complete);
        Assert.Equal((4, 2, 3), (result.Counts.Accepted, result.Counts.Failed, result.Batches));
        Assert.Equal(3, shop.Requests.Count);
    }

    [Fact]
    public async Task Run_Stopped_EndsAndSaysSo()
    {
        var never = new TaskCompletionSource();
        await using var shop = await FakeShop.StartAsync(r => Holds(r, "3") ? Answer.When(never.Task) : Answer.Accepted);
        using var stop = new CancellationTokenSource();
        var replay = ReplayAsync(shop, Orders(6), batch: 2, stop: stop.Token);
        await shop.NextAsync(2);
        await stop.CancelAsync();
        var (result, _) = await replay;
        Assert.False(result.Complete);
        Assert.Equal((2, 2, 0), (result.Counts.Accepted, result.Counts.Unanswered, result.Counts.Pending));
    }

    [Fact]
    public async Task Run_Speed_SendsByTheShopsClock()
    {
        await using var shop = await FakeShop.StartAsync();

        // Orders a minute apart at 60 seconds a second: one a second, each its own batch.
        var replay = ReplayAsync(shop, Orders(4), batch: 100, speed: 60);
        await shop.NextAsync();
        for (var second = 1; second < 4; second++)
        {
            await _clock.TimerAsync(due => due == TimeSpan.FromSeconds(1));
            Assert.Equal(second, shop.Requests.Count);
            _clock.Advance(TimeSpan.FromSeconds(1));
            await shop.NextAsync();
        }

        Assert.True((await replay).Result.Complete);
    }

    [Fact]
    public async Task Run_LongOrders_StayBelowTheRequestLimit()
    {
        var csv = new StringBuilder("InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n");
        for (var invoice = 0; invoice < 6; invoice++)
        {
            for (var line = 0; line < 12_000; line++)
                csv.Append(CultureInfo.InvariantCulture, $"{invoice},{new string('p', 100)},d,1,12-01-2010 08:00,1.25,c,UK\n");
        }

        await using var shop = await FakeShop.StartAsync();
        var (result, _) = await ReplayAsync(shop, Encoding.Latin1.GetBytes(csv.ToString()), batch: 500);
        Assert.Equal(6, result.Counts.Accepted);
        Assert.All(shop.Requests, r => Assert.InRange(r.Body.Length, 1, 8 * 1024 * 1024));
        Assert.InRange(shop.Requests.Count, 2, 6);
    }

    private static bool Holds(Received request, string orderId) => request.Body.Contains($"\"OrderId\":\"{orderId}\"", StringComparison.Ordinal);

    private static byte[] Orders(int count)
    {
        var csv = new StringBuilder("InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n");
        for (var i = 0; i < count; i++)
            csv.Append(CultureInfo.InvariantCulture, $"{i},A,d,1,12-01-2010 08:{i:D2},1.25,c,UK\n");
        return Encoding.Latin1.GetBytes(csv.ToString());
    }

    private async Task<(ReplayResult Result, CsvReport Report)> ReplayAsync(
        FakeShop shop, byte[] csv, int batch, string? again = null, double? speed = null, RetryOptions? retry = null, CancellationToken stop = default)
    {
        var report = new CsvReport();
        using var metrics = new GeneratorMetrics();
        var replay = new CsvReplay(
            new ReplayOptions { Url = shop.Url, Batch = batch, Again = again, Speed = speed }, _clock, metrics, retry ?? new RetryOptions(), () => 0);
        await using var stream = new MemoryStream(csv);
        return (await replay.RunAsync(stream, report, stop), report);
    }
}
