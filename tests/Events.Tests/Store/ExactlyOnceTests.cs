using FsCheck;
using FsCheck.Fluent;
using Pipeline.Events.Application;
using Pipeline.Events.Contracts;
using Pipeline.Testing;

namespace Pipeline.Events.Tests.Store;

/// <summary>Workers that crash, replay and overtake each other, against a naive count of the log.</summary>
public class ExactlyOnceTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private const int Partitions = 3;
    private const int LogLength = 120;

    private static readonly (string User, string Name)[][] _log =
        [.. Enumerable.Range(0, Partitions).Select(p =>
            Enumerable.Range(0, LogLength).Select(i => ($"user-{(i * 7 % 11 * Partitions) + p}", i % 3 == 0 ? "Buy" : "Visit")).ToArray())];

    /// <summary>A step of a worker; each worker keeps its own idea of the positions, right or wrong.</summary>
    private enum Step
    {
        Store,
        StoreTwice,
        StoreUncounted,
        StoreAndLoseTheConnection,
        Reload,
        Aggregate,
    }

    [Fact]
    public async Task AnyRunOfWorkersWithCrashes_StoresAndCountsEachRecordOnce()
    {
        await using var host = await EventsHost.StartAsync(await postgres.CreateDatabaseAsync());
        var steps = (from worker in Gen.Choose(0, 2)
                     from step in Gen.Elements(Enum.GetValues<Step>())
                     from size in Gen.Choose(1, 40)
                     from delay in Gen.Choose(0, 3_000)
                     select (worker, step, size, delay)).ArrayOf(40);

        Prop.ForAll(steps.ToArbitrary(), run => RunAsync(host, run).GetAwaiter().GetResult()).Check(Config.QuickThrowOnFailure.WithMaxTest(12));
    }

    private static async Task<bool> RunAsync(EventsHost host, (int Worker, Step Step, int Size, int Delay)[] steps)
    {
        await host.Database.ExecuteAsync("TRUNCATE events.user_events, events.event_counts, events.positions");
        var workers = new Dictionary<int, long>[3];
        for (var i = 0; i < workers.Length; i++)
            workers[i] = await PositionsAsync(host.Store);

        foreach (var (worker, step, size, delay) in steps)
        {
            switch (step)
            {
                case Step.Reload:
                    workers[worker] = await PositionsAsync(host.Store);
                    break;
                case Step.Aggregate:
                    await TryAsync(async () => await host.Store.AggregateAsync(default) >= 0);
                    break;
                case Step.StoreAndLoseTheConnection:
                    var storing = TryStoreAsync(host.Store, workers[worker], size, count: true);
                    await Task.Delay(TimeSpan.FromMicroseconds(delay));
                    await host.Database.KillConnectionsAsync();
                    if (!await storing)
                        workers[worker] = await PositionsAsync(host.Store);
                    break;
                default:
                    // A worker whose call failed or was refused keeps its wrong idea until it reloads.
                    await TryStoreAsync(host.Store, step == Step.StoreTwice ? new(workers[worker]) : workers[worker], size, step != Step.StoreUncounted);
                    break;
            }
        }

        await FinishAsync(host.Store);
        var expected = _log.SelectMany(p => p).GroupBy(e => e).ToDictionary(g => g.Key, g => (long)g.Count());
        var counts = await CountsAsync(host.Store);
        var rows = await host.Database.ScalarAsync<string>("SELECT count(*) || ' ' || count(DISTINCT (partition, \"offset\")) FROM events.user_events");
        return rows == $"{Partitions * LogLength} {Partitions * LogLength}"
            && counts.Count == expected.Count
            && counts.All(c => expected[(c.UserId, c.EventName)] == c.Count);
    }

    private static async Task FinishAsync(IUserEventStore store)
    {
        while (true)
        {
            try
            {
                var positions = await PositionsAsync(store);
                await store.AggregateAsync(default);
                if (positions.Values.All(p => p == LogLength))
                    return;
                await TryStoreAsync(store, positions, 50, count: true);
            }
            catch (TransientException)
            {
                // A connection that was ended before is found out only now.
            }
        }
    }

    /// <summary>Stores the next records of all partitions as the worker believes them to be; true where the store took them.</summary>
    private static async Task<bool> TryStoreAsync(IUserEventStore store, Dictionary<int, long> positions, int size, bool count)
    {
        using var batch = new Events.Domain.EventBatch(0, 0);
        foreach (var (partition, next) in positions.Where(p => p.Value < LogLength))
            TestEvents.Add(batch, partition, next, _log[partition][(int)next..Math.Min((int)next + size, LogLength)]);
        if (!await TryAsync(async () => await store.StoreAsync(batch, count, default)))
            return false;
        foreach (var range in batch.Ranges)
            positions[range.Partition] = range.Next;
        return true;
    }

    /// <summary>False also where the connection was lost; then nobody knows what was done.</summary>
    private static async Task<bool> TryAsync(Func<Task<bool>> work)
    {
        try
        {
            return await work();
        }
        catch (TransientException)
        {
            return false;
        }
    }

    private static Task<IReadOnlyList<EventCount>> CountsAsync(IUserEventStore store) =>
        RetryAsync(async () => (await store.GetCountsAsync(new GetEventCounts(Limit: 10_000), default)).Counts);

    private static Task<Dictionary<int, long>> PositionsAsync(IUserEventStore store) => RetryAsync(async () =>
        (await store.GetPositionsAsync([.. Enumerable.Range(0, Partitions)], default)).ToDictionary(p => p.Key, p => p.Value.Next));

    private static async Task<T> RetryAsync<T>(Func<Task<T>> read)
    {
        while (true)
        {
            try
            {
                return await read();
            }
            catch (TransientException)
            {
                // A connection that was ended before is found out only now.
            }
        }
    }
}
