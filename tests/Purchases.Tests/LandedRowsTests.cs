using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Pipeline.EventLog;
using Pipeline.Ingestion.Contracts;
using Pipeline.Purchases.Contracts;
using Pipeline.Purchases.Tests.Support;
using Pipeline.Testing;

namespace Pipeline.Purchases.Tests;

/// <summary>What is in the table equals what an independent reader finds in the payloads.</summary>
public sealed class LandedRowsTests
{
    [Fact]
    public async Task Land_OrdersInEverySpelling_RowsHaveTheirValues()
    {
        using var folder = new TempDirectory();
        var log = Worker.CreateLog();
        var payloads = new List<byte[]>();
        Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed => payloads.Add(Encoding.UTF8.GetBytes(new RandomOrders(seed).Good())))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(400));
        foreach (var payload in payloads)
            log.Add(Topics.PurchasedItem, 0, payload);

        await using var worker = new Worker(folder.FullPath, log, batchRecords: 100);
        worker.Consumer.Assign(0);
        await worker.DrainAsync(log);

        Assert.Empty(log.Records(Topics.DeadLetter(Topics.PurchasedItem)));
        var rows = await worker.RowsAsync();
        Assert.Equal(payloads.Count, rows.Count);
        for (var i = 0; i < rows.Count; i++)
            Assert.Equal(Expected(payloads[i], 0, i, null), rows[i]);
    }

    [Theory]
    [InlineData("12.34", "12.3400")]
    [InlineData("12345678901234.56785", "12345678901234.5679")]
    [InlineData(null, null)]
    public async Task Land_ExpectedTotalInTheHeader_IsAColumn(string? header, string? expected)
    {
        using var folder = new TempDirectory();
        var log = Worker.CreateLog();
        var payload = Encoding.UTF8.GetBytes(RandomOrders.Plain(1));
        log.Add(Topics.PurchasedItem, 0, payload, header is null ? [] : [new RecordHeader(RecordHeaders.TotalPriceExpected, Encoding.ASCII.GetBytes(header))]);
        await using var worker = new Worker(folder.FullPath, log);
        worker.Consumer.Assign(0);
        await worker.DrainAsync(log);
        Assert.Equal(Expected(payload, 0, 0, expected), Assert.Single(await worker.RowsAsync()));
    }

    [Fact]
    public async Task Land_OrdersOfSeveralDates_ArePartitionedByTheDateInUtc()
    {
        using var folder = new TempDirectory();
        var log = Worker.CreateLog();
        log.Add(Topics.PurchasedItem, 0, Encoding.UTF8.GetBytes(RandomOrders.Plain(1, "2026-03-01T23:59:59.999999999Z")));
        log.Add(Topics.PurchasedItem, 0, Encoding.UTF8.GetBytes(RandomOrders.Plain(2, "2026-03-02T01:00:00+02:00")));
        log.Add(Topics.PurchasedItem, 0, Encoding.UTF8.GetBytes(RandomOrders.Plain(3, "2026-03-01T20:00:00-05:00")));
        await using var worker = new Worker(folder.FullPath, log);
        worker.Consumer.Assign(0);
        await worker.DrainAsync(log);

        Assert.Equal(["2026-03-01", "2026-03-01", "2026-03-02"], (await worker.RowsAsync()).Select(r => r.OrderDate));
        var snapshot = await worker.Lake.Table(PurchasedItemsTable.Path).SnapshotAsync();
        Assert.Equal(["2026-03-01", "2026-03-02"], snapshot.Files.Select(f => f.PartitionValues[PurchasedItemsTable.OrderDate]).Order());
        Assert.Equal(3, snapshot.RowCount);
    }

    [Fact]
    public async Task Land_FirstTime_TheTableHasTheDocumentedColumns()
    {
        using var folder = new TempDirectory();
        var log = Worker.CreateLog();
        log.Add(Topics.PurchasedItem, 0, Encoding.UTF8.GetBytes(RandomOrders.Plain(1)));
        await using var worker = new Worker(folder.FullPath, log);
        worker.Consumer.Assign(0);
        await worker.DrainAsync(log);
        var snapshot = await worker.Lake.Table(PurchasedItemsTable.Path).SnapshotAsync();
        Assert.Equal(
            "SessionId string, TimeStamp timestamp, UserId string, TotalPrice decimal(18,4), OrderId string, "
            + "Products array<struct<ProductId: string, ItemCount: integer, ItemPrice: decimal(18,4), ItemDiscount: decimal(18,4)>>, "
            + "PaymentType string, OrderDate date, "
            + "_partition integer, _offset long, _ingested_at timestamp, _total_price_expected decimal(18,4)",
            snapshot.Schema.ToString());
        Assert.Equal(["_total_price_expected"], snapshot.Schema.Fields.Where(f => f.Nullable).Select(f => f.Name));
        Assert.Equal([PurchasedItemsTable.OrderDate], snapshot.PartitionColumns);
    }

    internal static LandedRow Expected(byte[] payload, int partition, long offset, string? expectedTotal)
    {
        var order = ReferenceOrder.Read(payload) ?? throw new InvalidOperationException("not an order");
        var date = DateTime.UnixEpoch.AddTicks(order.TimeStamp * 10).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture);
        return new LandedRow(
            partition, offset, order.SessionId, order.TimeStamp, order.UserId, order.TotalPrice, order.OrderId, order.Products, order.PaymentType, date,
            1_772_366_400_000 + offset, expectedTotal);
    }
}
