using System.Text;
using MediatR;
using Pipeline.Ingestion.Contracts;
using Pipeline.Purchases.Contracts;
using Pipeline.Purchases.Tests.Support;
using Pipeline.Testing;

namespace Pipeline.Purchases.Tests;

public sealed class CompactionTests
{
    [Fact]
    public async Task Compact_ManySmallFiles_AreMergedWhileLandingGoesOn()
    {
        using var folder = new TempDirectory();
        var log = Worker.CreateLog();
        await using var worker = new Worker(folder.FullPath, log, s => s["Purchases:CommitRows"] = "1", batchRecords: 1);
        worker.Consumer.Assign(0);
        for (var i = 0; i < 16; i++)
            log.Add(Topics.PurchasedItem, 0, Encoding.UTF8.GetBytes(RandomOrders.Plain(i)));
        await worker.StepUntilAsync(() => worker.Landed.Count == 16);
        var before = await worker.RowsAsync();

        log.Add(Topics.PurchasedItem, 0, Encoding.UTF8.GetBytes(RandomOrders.Plain(16)));
        var mediator = worker.Get<IMediator>();
        var compacting = mediator.Send(new CompactPurchases());
        await worker.StepUntilAsync(() => worker.Landed.Count == 17);
        var done = await compacting;

        Assert.True(done.FilesRemoved >= 16);
        Assert.Equal(1, done.FilesAdded);
        var rows = await worker.RowsAsync();
        Assert.Equal(before, rows[..16]);
        Assert.Equal(17, rows.Count);
        Assert.Equal(0, (await mediator.Send(new CompactPurchases())).FilesRemoved);
        Assert.Equal(17 - done.FilesRemoved + 1 == 1 ? 0 : 2, (await mediator.Send(new CompactPurchases(All: true))).FilesRemoved);

        // What was replaced stays for readers of older versions.
        Assert.Equal(new PurchasesVacuumed(0, 0), await mediator.Send(new VacuumPurchases()));
    }

    [Fact]
    public async Task Compact_NoTable_DoesNothing()
    {
        using var folder = new TempDirectory();
        await using var worker = new Worker(folder.FullPath, Worker.CreateLog());
        var mediator = worker.Get<IMediator>();
        Assert.Equal(new PurchasesCompacted(0, 0, 0, 0), await mediator.Send(new CompactPurchases(All: true)));
        Assert.Equal(new PurchasesVacuumed(0, 0), await mediator.Send(new VacuumPurchases(DryRun: true)));
    }
}
