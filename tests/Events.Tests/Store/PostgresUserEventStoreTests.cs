using Npgsql;
using Pipeline.Events.Application;
using Pipeline.Events.Contracts;
using Pipeline.Events.Domain;
using Pipeline.Events.Infrastructure.Postgres;
using Pipeline.Testing;

namespace Pipeline.Events.Tests.Store;

public class PostgresUserEventStoreTests(PostgresFixture postgres) : UserEventStoreConformance, IClassFixture<PostgresFixture>
{
    private EventsHost? _host;

    private NpgsqlDataSource Database => _host!.Database;

    public override async Task DisposeAsync() => await _host!.DisposeAsync();

    private protected override async Task<IUserEventStore> OpenAsync()
    {
        _host = await EventsHost.StartAsync(await postgres.CreateDatabaseAsync());
        return _host.Store;
    }

    private protected override Task<long> CountStoredAsync() => Database.ScalarAsync<long>("SELECT count(*) FROM events.user_events");

    [Fact]
    public async Task Store_OffsetsOfTwoSegments_AreFoundInBoth()
    {
        await Positions(0, 1);
        using var skipped = new EventBatch(0, 0);
        skipped.Cover(new PartitionRange(0, 0, Segments.Size - 2));
        await Store.StoreAsync(skipped, true, default);

        await StoreAsync(true, 0, Segments.Size - 2, ("a", "Visit"), ("a", "Visit"), ("a", "Visit"), ("b", "Visit"));

        Assert.Equal(2, await Database.ScalarAsync<long>("SELECT count(*) FROM events.user_events_0"));
        Assert.Equal(2, await Database.ScalarAsync<long>("SELECT count(*) FROM events.user_events_1"));
        Assert.Equal(3, (await Store.GetEventsAsync(new GetUserEvents("a"), default)).Count);
        Assert.Equal(2, (await Store.GetEventsAsync(new GetUserEvents(Limit: 2), default)).Count);
    }

    [Fact]
    public async Task Store_NewSegmentByManyAtOnce_IsCreatedOnce()
    {
        var partitions = Enumerable.Range(0, 8).ToArray();
        await Positions(partitions);
        var stores = partitions.Select(_ => new PostgresUserEventStore(Database, new Segments(Database), TimeProvider.System)).ToList();

        var stored = await Task.WhenAll(partitions.Select(async p =>
        {
            using var batch = TestEvents.Batch(p, 0, ($"u{p}", "Visit"));
            return await stores[p].StoreAsync(batch, true, default);
        }));

        Assert.All(stored, Assert.True);
        Assert.Equal(8, await CountStoredAsync());
    }

    [Fact]
    public async Task Store_CopyThatFails_LeavesNothing()
    {
        await Positions(0);
        await StoreAsync(true, 0, 0, ("a", "Visit"));
        using var batch = TestEvents.Batch(0, 1, ("a", "Visit"));
        TestEvents.Add(batch, 0, 2, "a", "Visit", TestEvents.Start, "{ this is not what the parser lets through");

        await Assert.ThrowsAsync<TerminalException>(async () => await Store.StoreAsync(batch, true, default));

        Assert.Equal(new StoredPosition(1, 1), await Position(0));
        Assert.Equal("a Visit 1", await CountsAsync());
        Assert.Equal(1, await CountStoredAsync());
        Assert.True(await StoreAsync(true, 0, 1, ("a", "Visit")));
    }

    /// <summary>A trigger holds the server up after the first row, while the store still writes the others.</summary>
    [Fact]
    public async Task Store_ConnectionLostInMidCopy_FailsAsTransientAndLeavesNothing()
    {
        await Positions(0);
        await StoreAsync(true, 0, 0, ("a", "Visit"));
        await Database.ExecuteAsync("""
            CREATE FUNCTION events.hold() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN NEW; END';
            CREATE TRIGGER hold BEFORE INSERT ON events.user_events FOR EACH ROW EXECUTE FUNCTION events.hold()
            """);
        using var batch = new EventBatch(0, 0);
        var attributes = $$"""{"Text":"{{new string('x', 20_000)}}"}""";
        for (var i = 1; i <= 1_000; i++)
            TestEvents.Add(batch, 0, i, "a", "Visit", TestEvents.Start, attributes);
        batch.Cover(new PartitionRange(0, 1, 1_001));

        var storing = Store.StoreAsync(batch, true, default).AsTask();
        await Eventually.TrueAsync(async () => await Database.ScalarAsync<long>(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'") > 0);

        await Assert.ThrowsAsync<TransientException>(() => storing);
        await Database.ExecuteAsync("DROP TRIGGER hold ON events.user_events");
        Assert.Equal(new StoredPosition(1, 1), await Position(0));
        Assert.Equal(1, await CountStoredAsync());
    }

    [Fact]
    public async Task Store_ServerAway_FailsAsTransient()
    {
        await using var nowhere = NpgsqlDataSource.Create("Host=127.0.0.1;Port=1;Username=x;Password=x;Timeout=2");
        var store = new PostgresUserEventStore(nowhere, new Segments(nowhere), TimeProvider.System);
        using var batch = TestEvents.Batch(0, 0, ("a", "Visit"));

        await Assert.ThrowsAsync<TransientException>(async () => await store.StoreAsync(batch, true, default));
        await Assert.ThrowsAsync<TransientException>(async () => await store.GetPositionsAsync([0], default));
        await Assert.ThrowsAsync<TransientException>(async () => await store.AggregateAsync(default));
        await Assert.ThrowsAsync<TransientException>(async () => await store.GetCountsAsync(new GetEventCounts(), default));
        await Assert.ThrowsAsync<TransientException>(async () => await store.GetEventsAsync(new GetUserEvents(), default));
    }

    [Fact]
    public async Task Aggregate_MoreThanOneStep_CountsAll()
    {
        await Positions(0);
        using var first = new EventBatch(0, 0);
        TestEvents.Add(first, 0, 0, "a", "Visit", TestEvents.Start);
        TestEvents.Add(first, 0, 600_000, "a", "Visit", TestEvents.Start);
        TestEvents.Add(first, 0, 1_200_000, "b", "Visit", TestEvents.Start);
        first.Cover(new PartitionRange(0, 0, 1_200_001));
        await Store.StoreAsync(first, false, default);

        Assert.Equal(3, await Store.AggregateAsync(default));

        Assert.Equal("a Visit 2, b Visit 1", await CountsAsync());
        Assert.Equal(new StoredPosition(1_200_001, 1_200_001), await Position(0));
    }
}
