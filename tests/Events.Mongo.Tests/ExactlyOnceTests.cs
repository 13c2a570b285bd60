using FsCheck;
using FsCheck.Fluent;
using MongoDB.Driver;
using Pipeline.Events.Application;
using Pipeline.Events.Contracts;
using Pipeline.Events.Domain;
using Pipeline.Events.Tests;

namespace Pipeline.Events.Mongo.Tests;

/// <summary>Workers that die at any write, replay and overtake each other, against a naive count of the log.</summary>
public class ExactlyOnceTests
{
    private const int Partitions = 3;
    private const int LogLength = 60;

    private static readonly (string User, string Name)[][] _log =
        [.. Enumerable.Range(0, Partitions).Select(p =>
            Enumerable.Range(0, LogLength).Select(i => ($"user-{i * 7 % 11}", i % 3 == 0 ? "Buy" : "Visit")).ToArray())];

    public static TheoryData<int, bool, bool> Deaths
    {
        get
        {
            var deaths = new TheoryData<int, bool, bool>();
            foreach (var (command, before, count) in from c in Enumerable.Range(1, 8) from b in new[] { true, false } from n in new[] { true, false } select (c, b, n))
                deaths.Add(command, before, count);
            return deaths;
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Deaths))]
    public async Task Worker_DyingAtAnyWrite_LeavesWhatTheNextOneFinishes(int command, bool before, bool count)
    {
        await using var server = MongoDatabase.Create();
        using (var process = new DyingProcess(command, before))
        {
            var dying = server.Open(configure: process.Watch);
            try
            {
                await dying.GetPositionsAsync([.. Enumerable.Range(0, Partitions)], process.Token);
                await StoreAsync(dying, await PositionsAsync(dying, process.Token), 20, count, process.Token);
                await dying.AggregateAsync(process.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or TransientException or TerminalException)
            {
                Assert.True(process.Dead, e.ToString());
            }
        }

        // The next one reads other batches than the one that died.
        await FinishAsync(server.Open(), 33);
        Assert.True(await IsRightAsync(server, server.Open()));
    }

    [SkippableFact]
    public async Task AnyRunOfWorkers_StoresAndCountsEachRecordOnce()
    {
        await using var server = MongoDatabase.Create();
        var stores = Enumerable.Range(0, 3).Select(_ => server.Open(new MongoOptions { CountStep = 7 })).ToArray();
        var steps = (from worker in Gen.Choose(0, 2)
                     from step in Gen.Choose(0, 4)
                     from size in Gen.Choose(1, 40)
                     from delay in Gen.Choose(0, 4_000)
                     select (worker, step, size, delay)).ArrayOf(30);

        Prop.ForAll(steps.ToArbitrary(), run => RunAsync(server, stores, run).GetAwaiter().GetResult()).Check(Config.QuickThrowOnFailure.WithMaxTest(15));
    }

    [SkippableFact]
    public async Task WorkersAtOnce_OnTheSamePartitionsAndUsers_StoreAndCountEachRecordOnce()
    {
        await using var server = MongoDatabase.Create();

        await Task.WhenAll(Enumerable.Range(1, 4).Select(i => FinishAsync(server.Open(new MongoOptions { CountStep = 5 }), 3 * i)));

        Assert.True(await IsRightAsync(server, server.Open()));
    }

    /// <summary>Each worker keeps its own idea of the positions, right or wrong; some steps go on beside the next ones.</summary>
    private static async Task<bool> RunAsync(MongoDatabase server, MongoUserEventStore[] stores, (int Worker, int Step, int Size, int Delay)[] steps)
    {
        await server.ClearAsync();
        var ideas = new Dictionary<int, long>[stores.Length];
        for (var i = 0; i < ideas.Length; i++)
            ideas[i] = await PositionsAsync(stores[i], default);

        var beside = new List<Task>();
        foreach (var (worker, step, size, delay) in steps)
        {
            var store = stores[worker];
            switch (step)
            {
                case 0:
                    ideas[worker] = await PositionsAsync(store, default);
                    break;
                case 1:
                    beside.Add(TryAsync(async () => await store.AggregateAsync(default) >= 0));
                    break;
                case 2:
                    using (var life = new CancellationTokenSource(TimeSpan.FromMicroseconds(delay)))
                    {
                        await TryAsync(() => StoreAsync(store, new(ideas[worker]), size, count: true, life.Token));
                    }

                    break;
                case 3:
                    beside.Add(TryAsync(() => StoreAsync(store, new(ideas[worker]), size, count: true, default)));
                    break;
                default:
                    await TryAsync(() => StoreAsync(store, ideas[worker], size, count: delay % 2 == 0, default));
                    break;
            }
        }

        await Task.WhenAll(beside);
        await FinishAsync(stores[0], 50);
        return await IsRightAsync(server, stores[0]);
    }

    private static async Task FinishAsync(MongoUserEventStore store, int size)
    {
        while (true)
        {
            try
            {
                var positions = await PositionsAsync(store, default);
                await store.AggregateAsync(default);
                if (positions.Values.All(p => p == LogLength))
                    return;
                await StoreAsync(store, positions, size, count: true, default);
            }
            catch (TransientException)
            {
                // Another one was in the way.
            }
        }
    }

    private static async Task<bool> StoreAsync(MongoUserEventStore store, Dictionary<int, long> positions, int size, bool count, CancellationToken cancellationToken)
    {
        using var batch = new EventBatch(0, 0);
        foreach (var (partition, next) in positions.Where(p => p.Value < LogLength))
            TestEvents.Add(batch, partition, next, _log[partition][(int)next..Math.Min((int)next + size, LogLength)]);
        if (!await store.StoreAsync(batch, count, cancellationToken))
            return false;
        foreach (var range in batch.Ranges)
            positions[range.Partition] = range.Next;
        return true;
    }

    private static async Task<bool> TryAsync(Func<Task<bool>> work)
    {
        try
        {
            return await work();
        }
        catch (Exception e) when (e is TransientException or OperationCanceledException)
        {
            return false;
        }
    }

    private static async Task<Dictionary<int, long>> PositionsAsync(MongoUserEventStore store, CancellationToken cancellationToken) =>
        (await store.GetPositionsAsync([.. Enumerable.Range(0, Partitions)], cancellationToken)).ToDictionary(p => p.Key, p => p.Value.Next);

    private static async Task<bool> IsRightAsync(MongoDatabase server, MongoUserEventStore store)
    {
        var expected = _log.SelectMany(p => p).GroupBy(e => e).ToDictionary(g => g.Key, g => (long)g.Count());
        var counts = (await store.GetCountsAsync(new GetEventCounts(Limit: 10_000), default)).Counts;
        var positions = await store.GetPositionsAsync([.. Enumerable.Range(0, Partitions)], default);
        return await server.CountAsync(MongoEvents.EventsName) == Partitions * LogLength
            && positions.Values.All(p => p == new StoredPosition(LogLength, LogLength))
            && counts.Count == expected.Count
            && counts.All(c => expected[(c.UserId, c.EventName)] == c.Count);
    }
}
