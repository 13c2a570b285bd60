using System.Text;
using Pipeline.EventLog;
using Pipeline.Ingestion.Contracts;
using Pipeline.Purchases.Application;
using Pipeline.Purchases.Tests.Support;
using Pipeline.Testing;

namespace Pipeline.Purchases.Tests;

/// <summary>Records that are no orders go to the dead-letter topic; their neighbours land.</summary>
public sealed class DeadLetterTests
{
    private static readonly string _dead = Topics.DeadLetter(Topics.PurchasedItem);

    [Fact]
    public async Task Land_BadRecordsAmongGoodOnes_AreKeptWholeWithReasonAndPosition()
    {
        using var folder = new TempDirectory();
        var log = Worker.CreateLog();
        byte[][] bad = ["{\"UserId\":"u8.ToArray(), [], Encoding.UTF8.GetBytes(RandomOrders.Plain(3).Replace("9.99", "\"9.99\"", StringComparison.Ordinal))];
        for (var i = 0; i < bad.Length; i++)
        {
            log.Add(Topics.PurchasedItem, 0, Encoding.UTF8.GetBytes(RandomOrders.Plain(i)));
            log.Add(Topics.PurchasedItem, 0, bad[i], new RecordHeader("own", "header"u8.ToArray()));
        }

        await using var worker = new Worker(folder.FullPath, log);
        worker.Consumer.Assign(0);
        await worker.DrainAsync(log);

        Assert.Equal([0, 2, 4], (await worker.RowsAsync()).Select(r => r.Offset));
        var letters = log.Records(_dead);
        Assert.Equal(bad, letters.Select(l => l.Value.ToArray()));
        Assert.All(letters, l => Assert.Equal("key", Encoding.UTF8.GetString(l.Key.Span)));
        Assert.Equal(["header", "header", "header"], letters.Select(l => Header(l, "own")));
        Assert.Equal(["PurchasedItem/0/1", "PurchasedItem/0/3", "PurchasedItem/0/5"], letters.Select(l => Header(l, DeadLetters.SourceHeader)));
        Assert.Equal("Products[0].ItemPrice must be a number, not a string", Header(letters[2], DeadLetters.ReasonHeader));
    }

    [Fact]
    public async Task Land_OnlyBadRecords_ThePositionMovesAllTheSame()
    {
        using var folder = new TempDirectory();
        var log = Worker.CreateLog();
        for (var i = 0; i < 3; i++)
            log.Add(Topics.PurchasedItem, 0, "null"u8.ToArray());
        await using (var worker = new Worker(folder.FullPath, log))
        {
            worker.Consumer.Assign(0);
            await worker.DrainAsync(log);
            Assert.Empty(await worker.RowsAsync());
            var landed = Assert.Single(worker.Landed);
            Assert.Equal((0, 3, null), (landed.Rows, landed.NextOffsets[0], landed.Earliest));
        }

        await using var next = new Worker(folder.FullPath, log);
        next.Consumer.Assign(0);
        await next.StepAsync();
        Assert.Equal(3, log.Records(_dead).Count);
    }

    [Fact]
    public async Task Land_ExpectedTotalIsNoNumber_TheRecordIsADeadLetter()
    {
        using var folder = new TempDirectory();
        var log = Worker.CreateLog();
        log.Add(Topics.PurchasedItem, 0, Encoding.UTF8.GetBytes(RandomOrders.Plain(1)), new RecordHeader(RecordHeaders.TotalPriceExpected, "12,5"u8.ToArray()));
        await using var worker = new Worker(folder.FullPath, log);
        worker.Consumer.Assign(0);
        await worker.DrainAsync(log);
        Assert.Equal("Header total-price-expected is not a decimal(18,4)", Header(Assert.Single(log.Records(_dead)), DeadLetters.ReasonHeader));
    }

    [Fact]
    public async Task Land_LetterThatTheLogFindsTooLarge_IsCutAndSaysSo()
    {
        using var folder = new TempDirectory();
        var log = Worker.CreateLog();
        log.MaxValueBytes = 100_000;
        log.Add(Topics.PurchasedItem, 0, new byte[100_001]);
        log.Add(Topics.PurchasedItem, 0, "null"u8.ToArray());
        await using var worker = new Worker(folder.FullPath, log);
        worker.Consumer.Assign(0);
        await worker.DrainAsync(log);
        var letters = log.Records(_dead);
        Assert.Equal([65_536, 4], letters.Select(l => l.Value.Length));
        Assert.Equal("100001", Header(letters[0], DeadLetterWriter.CutHeader));
    }

    private static string Header(NewRecord record, string name) =>
        Encoding.UTF8.GetString(record.Headers.ToArray().Single(h => h.Name == name).Value.Span);
}
