using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Pipeline.EventLog;
using Pipeline.Ingestion.Contracts;
using Pipeline.Purchases.Tests.Support;
using Pipeline.Testing;

namespace Pipeline.Purchases.Tests;

/// <summary>Whatever dies whenever: the table holds each order once, the dead-letter topic each other record at least once.</summary>
public sealed class ExactlyOnceTests
{
    private static readonly string _dead = Topics.DeadLetter(Topics.PurchasedItem);

    [Fact]
    public async Task Land_KilledAtEachStep_EveryRecordEndsWhereItBelongs()
    {
        using var folder = new TempDirectory();
        var log = Worker.CreateLog();
        for (var kill = 0; ; kill++)
        {
            Assert.True(kill < 100, "a landing has no end of steps");
            log.Add(Topics.PurchasedItem, 0, Encoding.UTF8.GetBytes(RandomOrders.Plain(kill)));
            log.Add(Topics.PurchasedItem, 0, "not an order"u8.ToArray());
            bool killed;
            await using (var worker = new Worker(folder.FullPath, log))
            {
                worker.Consumer.Assign(0);
                worker.Faults.KillAfter(kill);
                try
                {
                    await worker.DrainAsync(log);
                }
                catch (TransientException)
                {
                    // Dead.
                }

                killed = worker.Faults.Dead;
            }

            await using (var next = new Worker(folder.FullPath, log))
            {
                next.Consumer.Assign(0);
                await next.DrainAsync(log);
                await AssertCompleteAsync(next, log, partitions: 1);
            }

            if (!killed)
                return;
        }
    }

    [Fact]
    public void Land_RandomStreamsBatchesAndKills_EveryRecordEndsWhereItBelongs() =>
        Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed => RunAsync(seed)).Check(Config.QuickThrowOnFailure.WithMaxTest(12));

    private static async Task RunAsync(int seed)
    {
        using var folder = new TempDirectory();
        var random = new Random(seed);
        const int partitions = 3;
        var log = Worker.CreateLog(partitions);
        for (var life = 0; life < 4; life++)
        {
            await using var worker = new Worker(
                folder.FullPath, log, s => s["Purchases:CommitRows"] = random.Next(1, 20).ToString(System.Globalization.CultureInfo.InvariantCulture),
                    random.Next(1, 9));
            worker.Consumer.Assign([.. Enumerable.Range(0, partitions)]);
            if (life < 3)
                worker.Faults.KillAfter(random.Next(0, 40));
            try
            {
                for (var step = 0; step < 12 && !worker.Faults.Dead; step++)
                {
                    Publish(log, random, partitions);
                    worker.Time.Advance(TimeSpan.FromSeconds(random.Next(3)));
                    await worker.StepAsync();
                    if (random.Next(8) == 0)
                        worker.Consumer.Revoke(random.Next(2) == 0, 1);
                    else if (!worker.Consumer.Assignment.Contains(1))
                        worker.Consumer.Assign(1);
                }
            }
            catch (TransientException)
            {
                Assert.True(worker.Faults.Dead);
            }
        }

        await using var last = new Worker(folder.FullPath, log);
        last.Consumer.Assign([.. Enumerable.Range(0, partitions)]);
        await last.DrainAsync(log);
        await AssertCompleteAsync(last, log, partitions);
    }

    private static void Publish(MemoryLog log, Random random, int partitions)
    {
        for (var i = random.Next(10); i > 0; i--)
        {
            var orders = new RandomOrders(random.Next());
            log.Add(Topics.PurchasedItem, random.Next(partitions), random.Next(4) == 0 ? orders.Bad() : Encoding.UTF8.GetBytes(orders.Good()));
        }
    }

    private static async Task AssertCompleteAsync(Worker worker, MemoryLog log, int partitions)
    {
        var rows = new List<LandedRow>();
        var dead = new SortedSet<string>(StringComparer.Ordinal);
        for (var partition = 0; partition < partitions; partition++)
        {
            var records = log.Records(Topics.PurchasedItem, partition);
            for (var offset = 0; offset < records.Count; offset++)
            {
                var payload = records[offset].Value.ToArray();
                if (ReferenceOrder.Read(payload) is null)
                    dead.Add($"{Topics.PurchasedItem}/{partition}/{offset}");
                else
                    rows.Add(LandedRowsTests.Expected(payload, partition, offset, null));
            }
        }

        Assert.Equal(rows, await worker.RowsAsync());
        var letters = log.Records(_dead).Select(l => Encoding.UTF8.GetString(l.Headers.ToArray().Single(h => h.Name == DeadLetters.SourceHeader).Value.Span));
        Assert.Equal(dead, letters.ToHashSet(StringComparer.Ordinal).Order(StringComparer.Ordinal));
    }
}
