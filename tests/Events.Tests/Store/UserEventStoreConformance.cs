using Pipeline.Events.Application;
using Pipeline.Events.Contracts;
using Pipeline.Events.Domain;

namespace Pipeline.Events.Tests.Store;

/// <summary>What every adapter of the store must do. Derive from it, open a fresh store for each test.</summary>
public abstract partial class UserEventStoreConformance : IAsyncLifetime
{
    private IUserEventStore? _store;

    private protected IUserEventStore Store => _store!;

    /// <summary>Opens an empty store.</summary>
    private protected abstract Task<IUserEventStore> OpenAsync();

    /// <summary>How many events the store really holds, whatever its queries say.</summary>
    private protected abstract Task<long> CountStoredAsync();

    public async Task InitializeAsync() => _store = await OpenAsync();

    public abstract Task DisposeAsync();

    [SkippableFact]
    public async Task GetPositions_OfNewPartitions_AreZero()
    {
        var positions = await Store.GetPositionsAsync([0, 7], default);

        Assert.Equal(2, positions.Count);
        Assert.Equal([default(StoredPosition), default], [positions[0], positions[7]]);
    }

    [SkippableFact]
    public async Task Store_Counting_MovesBothPositionsAndCounts()
    {
        await Positions(0);

        Assert.True(await StoreAsync(true, 0, 0, ("a", "Visit"), ("a", "Visit"), ("b", "Buy")));
        Assert.True(await StoreAsync(true, 0, 3, ("a", "Visit"), ("a", "Buy")));

        Assert.Equal(new StoredPosition(5, 5), await Position(0));
        Assert.Equal("a Buy 1, a Visit 3, b Buy 1", await CountsAsync());
        Assert.Equal(5, await CountStoredAsync());
        Assert.Equal(0, await Store.AggregateAsync(default));
    }

    [SkippableFact]
    public async Task Store_NotCounting_LeavesItToAggregate()
    {
        await Positions(0, 1);
        await StoreAsync(false, 0, 0, ("a", "Visit"), ("b", "Buy"));
        await StoreAsync(false, 1, 0, ("c", "Visit"));

        Assert.Equal(new StoredPosition(2, 0), await Position(0));
        Assert.Equal("", await CountsAsync());
        Assert.Equal(3, await CountStoredAsync());

        Assert.Equal(3, await Store.AggregateAsync(default));
        Assert.Equal(0, await Store.AggregateAsync(default));
        Assert.Equal(new StoredPosition(2, 2), await Position(0));
        Assert.Equal("a Visit 1, b Buy 1, c Visit 1", await CountsAsync());
    }

    [SkippableFact]
    public async Task Store_TheSameBatchAgain_ChangesNothing()
    {
        await Positions(0);
        await StoreAsync(true, 0, 0, ("a", "Visit"), ("b", "Visit"));

        await StoreAsync(true, 0, 0, ("a", "Visit"), ("b", "Visit"));

        Assert.Equal(new StoredPosition(2, 2), await Position(0));
        Assert.Equal("a Visit 1, b Visit 1", await CountsAsync());
        Assert.Equal(2, await CountStoredAsync());
    }

    [SkippableFact]
    public async Task Store_BatchOfAWorkerThatWasOvertaken_ChangesNothing()
    {
        await Positions(0);
        await StoreAsync(true, 0, 0, ("a", "Visit"), ("b", "Visit"), ("a", "Buy"));

        await StoreAsync(true, 0, 0, ("a", "Visit"), ("b", "Visit"));

        Assert.Equal(new StoredPosition(3, 3), await Position(0));
        Assert.Equal("a Buy 1, a Visit 1, b Visit 1", await CountsAsync());
        Assert.Equal(3, await CountStoredAsync());
    }

    [SkippableFact]
    public async Task Store_PartitionsOfWhichOneWasOvertaken_NeverStoresTwice()
    {
        await Positions(0, 1);
        await StoreAsync(true, 0, 0, ("a", "Visit"));
        using var batch = TestEvents.Batch(0, 0, ("a", "Visit"));
        TestEvents.Add(batch, 1, 0, ("b", "Visit"));

        if (!await Store.StoreAsync(batch, true, default))
        {
            Assert.Equal(default, await Position(1));
            await StoreAsync(true, 1, 0, ("b", "Visit"));
        }

        Assert.Equal(new StoredPosition(1, 1), await Position(1));
        Assert.Equal("a Visit 1, b Visit 1", await CountsAsync());
        Assert.Equal(2, await CountStoredAsync());
    }

    [SkippableFact]
    public async Task Store_RangeWithoutEvents_MovesThePosition()
    {
        await Positions(4);
        using var batch = new EventBatch(0, 0);
        batch.Cover(new PartitionRange(4, 0, 17));

        Assert.True(await Store.StoreAsync(batch, true, default));

        Assert.Equal(new StoredPosition(17, 17), await Position(4));
        Assert.Equal(0, await CountStoredAsync());
    }

    [SkippableFact]
    public async Task Store_CountingAfterUncountedOnes_CountsAllOfThemOnce()
    {
        await Positions(0);
        await StoreAsync(false, 0, 0, ("a", "Visit"));

        if (!await StoreAsync(true, 0, 1, ("a", "Visit")))
        {
            Assert.Equal(new StoredPosition(1, 0), await Position(0));
            await Store.AggregateAsync(default);
            Assert.True(await StoreAsync(true, 0, 1, ("a", "Visit")));
        }

        await StoreAsync(false, 0, 2, ("a", "Visit"));
        await Store.AggregateAsync(default);

        Assert.Equal(new StoredPosition(3, 3), await Position(0));
        Assert.Equal("a Visit 3", await CountsAsync());
    }

    [SkippableFact]
    public async Task Aggregate_BySeveralAtOnce_CountsOnce()
    {
        await Positions(0, 1, 2, 3);
        for (var partition = 0; partition < 4; partition++)
            await StoreAsync(false, partition, 0, [.. Enumerable.Range(0, 500).Select(i => ($"user-{i % 50}", "Visit"))]);

        var counted = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => CountUntilDoneAsync()));

        Assert.Equal(2_000, counted.Sum());
        Assert.Equal(2_000, (await CountListAsync(new GetEventCounts(Limit: 10_000))).Sum(c => c.Count));

        async Task<long> CountUntilDoneAsync()
        {
            while (true)
            {
                try
                {
                    return await Store.AggregateAsync(default);
                }
                catch (TransientException)
                {
                    // Another one was in the way.
                }
            }
        }
    }

    [SkippableFact]
    public async Task Store_ByTwoWorkersOfOnePartition_KeepsEachRecordOnce()
    {
        const int records = 200;
        await Positions(0);
        var all = Enumerable.Range(0, records).Select(i => ($"user-{i % 7}", "Visit")).ToArray();

        await Task.WhenAll(WorkAsync(3), WorkAsync(5));

        Assert.Equal(new StoredPosition(records, records), await Position(0));
        Assert.Equal(records, await CountStoredAsync());
        Assert.Equal(Naive(all), await CountsAsync());

        async Task WorkAsync(int size)
        {
            for (var next = (await Position(0)).Next; next < records; next = (await Position(0)).Next)
            {
                try
                {
                    await StoreAsync(true, 0, next, all[(int)next..Math.Min((int)next + size, records)]);
                }
                catch (TransientException)
                {
                    // The other one was in the way.
                }
            }
        }
    }

    private protected async Task Positions(params int[] partitions) => await Store.GetPositionsAsync(partitions, default);

    private protected async Task<StoredPosition> Position(int partition) => (await Store.GetPositionsAsync([partition], default))[partition];

    private protected async Task<bool> StoreAsync(bool count, int partition, long expected, params (string User, string Name)[] events)
    {
        using var batch = TestEvents.Batch(partition, expected, events);
        return await Store.StoreAsync(batch, count, default);
    }

    private protected async Task<string> CountsAsync() =>
        Format((await CountListAsync(new GetEventCounts(Limit: 10_000))).Select(c => (c.UserId, c.EventName, c.Count)));

    private protected async Task<IReadOnlyList<EventCount>> CountListAsync(GetEventCounts query) => (await Store.GetCountsAsync(query, default)).Counts;

    private protected static string Naive(IEnumerable<(string User, string Name)> events) =>
        Format(events.GroupBy(e => e).Select(g => (g.Key.User, g.Key.Name, (long)g.Count()))
            .OrderBy(c => c.User, StringComparer.Ordinal).ThenBy(c => c.Name, StringComparer.Ordinal));

    private static string Format(IEnumerable<(string User, string Name, long Count)> counts) =>
        string.Join(", ", counts.Select(c => $"{c.User} {c.Name} {c.Count}"));
}
