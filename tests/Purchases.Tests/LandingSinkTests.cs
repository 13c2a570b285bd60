using System.Text;
using Pipeline.Ingestion.Contracts;
using Pipeline.Purchases.Contracts;
using Pipeline.Purchases.Tests.Support;
using Pipeline.Testing;

namespace Pipeline.Purchases.Tests;

/// <summary>When landings are made, and who may make them.</summary>
public sealed class LandingSinkTests : IDisposable
{
    private readonly TempDirectory _folder = new();
    private readonly MemoryLog _log = Worker.CreateLog(partitions: 2);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Step_LoneOrder_LandsWhenItIsOldEnoughWithoutMoreData()
    {
        await using var worker = new Worker(_folder.FullPath, _log);
        worker.Consumer.Assign(0, 1);
        await worker.StepAsync();
        Add(0, 1);
        await worker.StepAsync();
        worker.Time.Advance(TimeSpan.FromSeconds(4));
        await worker.StepAsync();
        Assert.Equal(TimeSpan.FromSeconds(1), worker.Consumer.LastWait);
        Assert.Empty(worker.Landed);
        worker.Time.Advance(TimeSpan.FromSeconds(1));
        await worker.StepUntilAsync(() => worker.Landed.Count > 0 && _log.Group.Count > 0);

        var landed = Assert.Single(worker.Landed);
        Assert.Equal((1, 1), (landed.Rows, landed.NextOffsets[0]));
        Assert.Equal(DateTimeOffset.Parse("2026-03-01T12:00:00.123456Z", System.Globalization.CultureInfo.InvariantCulture), landed.Earliest);
        Assert.Equal(1, _log.Group[0]);
        await worker.StepAsync();
        Assert.Equal(TimeSpan.FromSeconds(30), worker.Consumer.LastWait);
    }

    [Fact]
    public async Task Step_RowsReachTheLimit_LandsAtOnce()
    {
        await using var worker = new Worker(_folder.FullPath, _log, s => s["Purchases:CommitRows"] = "14");
        worker.Consumer.Assign(0);
        Add(0, 30);
        await worker.StepUntilAsync(() => worker.Landed.Count == 2);
        Assert.Equal([14L, 28], worker.Landed.Select(l => l.NextOffsets[0]));
    }

    [Fact]
    public async Task Step_BytesReachTheLimit_LandsAtOnce()
    {
        await using var worker = new Worker(_folder.FullPath, _log, s => s["Purchases:CommitBytes"] = "1024");
        worker.Consumer.Assign(0);
        Add(0, 30);
        await worker.StepUntilAsync(() => worker.Landed.Count == 4);
        Assert.Equal([7L, 14, 21, 28], worker.Landed.Select(l => l.NextOffsets[0]));
    }

    [Fact]
    public async Task Step_TooManyBadRecords_CountTowardsTheLimit()
    {
        await using var worker = new Worker(_folder.FullPath, _log, s => s["Purchases:CommitRows"] = "7");
        worker.Consumer.Assign(0);
        for (var i = 0; i < 7; i++)
            _log.Add(Topics.PurchasedItem, 0, "null"u8.ToArray());
        await worker.StepUntilAsync(() => worker.Landed.Count == 1);
    }

    [Fact]
    public async Task Stop_BufferedOrders_LandAndTheGroupKnows()
    {
        await using var worker = new Worker(_folder.FullPath, _log);
        worker.Consumer.Assign(0, 1);
        Add(0, 3);
        await worker.StepAsync();
        await worker.Sink.StopAsync(worker.Consumer);
        Assert.Equal(3, (await worker.RowsAsync()).Count);
        Assert.Equal(3, _log.Group[0]);
    }

    [Fact]
    public async Task Revoked_BufferedOrders_LandBeforeTheNextOwnerReads()
    {
        await using var first = new Worker(_folder.FullPath, _log);
        await using var second = new Worker(_folder.FullPath, _log);
        first.Consumer.Assign(0, 1);
        Add(0, 3);
        Add(1, 2);
        await first.StepAsync();
        await first.StepAsync();
        first.Consumer.Revoke(lost: false, 1);
        await first.StepAsync();
        Assert.Equal(5, Assert.Single(first.Landed).Rows);

        second.Consumer.Assign(1);
        Add(1, 1);
        Add(0, 1);
        await Task.WhenAll(DrainAsync(first), DrainAsync(second));
        await AssertAllOnceAsync(first);
    }

    [Fact]
    public async Task Lost_BufferedOrders_AreDroppedAndTheRestIsReadAgain()
    {
        await using var first = new Worker(_folder.FullPath, _log);
        await using var second = new Worker(_folder.FullPath, _log);
        first.Consumer.Assign(0, 1);
        Add(0, 3);
        Add(1, 2);
        await first.StepAsync();
        await first.StepAsync();
        first.Consumer.Revoke(lost: true, 1);
        second.Consumer.Assign(1);
        await DrainAsync(second);
        await DrainAsync(first);
        await AssertAllOnceAsync(first);
    }

    [Fact]
    public async Task Fenced_ByAnOwnerThatWasFaster_DropsAndGoesOnFromTheTable()
    {
        await using var stale = new Worker(_folder.FullPath, _log);
        await using var owner = new Worker(_folder.FullPath, _log);
        stale.Consumer.Assign(0, 1);
        Add(0, 3);
        Add(1, 2);
        await stale.StepAsync();
        await stale.StepAsync();

        // The group gave partition 0 away; the stale member does not know.
        owner.Consumer.Assign(0);
        await DrainAsync(owner);
        Add(0, 4);
        await DrainAsync(stale);
        await AssertAllOnceAsync(stale);
    }

    [Fact]
    public async Task Assigned_TheLogEndsBeforeTheTable_IsRefused()
    {
        await using (var worker = new Worker(_folder.FullPath, _log))
        {
            worker.Consumer.Assign(0);
            Add(0, 3);
            await DrainAsync(worker);
        }

        await using var next = new Worker(_folder.FullPath, Worker.CreateLog(partitions: 2));
        next.Consumer.Assign(0);
        var refused = await Assert.ThrowsAsync<TerminalException>(next.StepAsync);
        Assert.Contains("up to offset 2, but the log ends at 0", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Land_LongAndShortBatchesInTurn_TheFileHoldsOnlyTheLast()
    {
        await using var worker = new Worker(_folder.FullPath, _log);
        worker.Consumer.Assign(0);
        foreach (var count in new[] { 50, 1, 20, 2, 3 })
        {
            Add(0, count);
            await DrainAsync(worker);
        }

        await AssertAllOnceAsync(worker);
    }

    private Task DrainAsync(Worker worker) => worker.DrainAsync(_log);

    private void Add(int partition, int count)
    {
        for (var i = 0; i < count; i++)
            _log.Add(Topics.PurchasedItem, partition, Encoding.UTF8.GetBytes(RandomOrders.Plain((int)_log.End(Topics.PurchasedItem, partition))));
    }

    private async Task AssertAllOnceAsync(Worker worker)
    {
        var expected = Enumerable.Range(0, 2).SelectMany(p => Enumerable.Range(0, (int)_log.End(Topics.PurchasedItem, p)).Select(o => (p, (long)o)));
        Assert.Equal(expected, (await worker.RowsAsync()).Select(r => (r.Partition, r.Offset)));
        Assert.Equal((await worker.Lake.Table(PurchasedItemsTable.Path).SnapshotAsync()).RowCount, (await worker.RowsAsync()).Count);
    }
}
