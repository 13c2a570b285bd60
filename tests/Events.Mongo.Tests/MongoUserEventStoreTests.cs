using System.Globalization;
using MongoDB.Bson;
using MongoDB.Driver;
using Pipeline.Events.Application;
using Pipeline.Events.Contracts;
using Pipeline.Events.Domain;
using Pipeline.Events.Tests;
using Pipeline.Events.Tests.Store;

namespace Pipeline.Events.Mongo.Tests;

public class MongoUserEventStoreTests : UserEventStoreConformance
{
    private MongoDatabase? _database;

    private MongoDatabase Server => _database!;

    private protected override Task<IUserEventStore> OpenAsync()
    {
        _database = MongoDatabase.Create();
        return Task.FromResult<IUserEventStore>(_database.Open());
    }

    public override async Task DisposeAsync()
    {
        if (_database is not null)
            await _database.DisposeAsync();
    }

    private protected override Task<long> CountStoredAsync() => Server.CountAsync(MongoEvents.EventsName);

    [SkippableFact]
    public async Task Store_BatchOfManyInserts_KeepsAll()
    {
        const int events = 3_000;
        var store = Server.Open(new MongoOptions { MaxInsertBytes = 1 << 16 });
        await store.GetPositionsAsync([0], default);
        using var batch = TestEvents.Batch(0, 0, [.. Enumerable.Range(0, events).Select(i => ($"user-{i % 10}", "Visit"))]);

        Assert.True(await store.StoreAsync(batch, true, default));

        Assert.Equal(events, await CountStoredAsync());
        Assert.Equal(events, (await CountListAsync(new GetEventCounts())).Sum(c => c.Count));
    }

    [SkippableFact]
    public async Task Store_Event_IsADocumentThatOthersCanRead()
    {
        await Positions(3);
        using var batch = new EventBatch(0, 0);
        TestEvents.Add(batch, 3, 17, "ann", "Visit", TestEvents.Start.AddMicroseconds(1_002_003));
        batch.Cover(new PartitionRange(3, 0, 18));
        await Store.StoreAsync(batch, true, default);

        var stored = await Server.Database.GetCollection<BsonDocument>(MongoEvents.EventsName).Find(new BsonDocument("UserId", "ann")).SingleAsync();
        var count = await Server.Database.GetCollection<BsonDocument>(MongoEvents.CountsName).Find(new BsonDocument("_id.UserId", "ann")).SingleAsync();

        Assert.Equal(new BsonDocument { { "Topic", "UserEvents" }, { "Partition", 3 }, { "Offset", 17L } }, stored["_id"]);
        Assert.Equal(new DateTime(2025, 3, 1, 12, 0, 1, 2, DateTimeKind.Utc), stored["TimeStamp"].ToUniversalTime());
        Assert.Equal(3, stored["Microseconds"].AsInt32);
        Assert.Equal(TestEvents.Attributes, stored["Attributes"].AsString);
        Assert.Equal(1, count["EventCount"].AsInt64);
        Assert.Equal(18, count["CountedTo"]["p3"].AsInt64);
    }

    [SkippableFact]
    public async Task Aggregate_MoreThanOneStep_CountsAll()
    {
        await Positions(0);
        await StoreAsync(false, 0, 0, [.. Enumerable.Range(0, 25).Select(i => (i % 2 == 0 ? "a" : "b", "Visit"))]);

        Assert.Equal(25, await Server.Open(new MongoOptions { CountStep = 10 }).AggregateAsync(default));

        Assert.Equal("a Visit 13, b Visit 12", await CountsAsync());
        Assert.Equal(new StoredPosition(25, 25), await Position(0));
    }

    [SkippableFact]
    public async Task Aggregate_OfAClaimThatSomebodyLeftHalfDone_CountsTheRest()
    {
        await Positions(0);
        await StoreAsync(false, 0, 0, ("a", "Visit"), ("b", "Visit"), ("a", "Visit"));
        await Server.Database.GetCollection<BsonDocument>(MongoEvents.PositionsName)
            .UpdateOneAsync(new BsonDocument("_id", 0), new BsonDocument("$set", new BsonDocument("Counting", 2L)));
        await Server.Database.GetCollection<BsonDocument>(MongoEvents.CountsName).InsertOneAsync(new BsonDocument
        {
            { "_id", new BsonDocument { { "UserId", "a" }, { "EventName", "Visit" } } },
            { "EventCount", 1L },
            { "CountedTo", new BsonDocument("p0", 2L) },
        });

        await Store.AggregateAsync(default);

        Assert.Equal("a Visit 2, b Visit 1", await CountsAsync());
        Assert.Equal(new StoredPosition(3, 3), await Position(0));
    }

    [SkippableFact]
    public async Task GetEvents_BoundsWithinAMillisecond_AreKeptToTheMicrosecond()
    {
        await Positions(0);
        using var batch = new EventBatch(0, 0);
        DateTimeOffset[] times =
        [
            .. new[] { -1_001, -1_000, -999, -1, 0, 1, 999, 1_000, 1_001 }.Select(us => DateTimeOffset.UnixEpoch.AddMicroseconds(us)),
            .. new[] { 0, 1, 2 }.Select(us => TestEvents.Start.AddMicroseconds(us)),
        ];
        for (var i = 0; i < times.Length; i++)
            TestEvents.Add(batch, 0, i, "u", string.Create(CultureInfo.InvariantCulture, $"N{i}"), times[i]);
        batch.Cover(new PartitionRange(0, 0, times.Length));
        await Store.StoreAsync(batch, true, default);

        foreach (var from in times)
        {
            foreach (var to in times.Where(t => t > from))
            {
                var found = await Store.GetEventsAsync(new GetUserEvents("u", from, to), default);
                Assert.Equal(times.Where(t => t >= from && t < to).OrderDescending(), found.Select(e => e.TimeStamp));
            }
        }
    }

    [SkippableFact]
    public async Task GetEvents_OfOneMoment_ComeByPartitionThenNewestOffset()
    {
        await Positions(0, 1);
        using var batch = new EventBatch(0, 0);
        foreach (var partition in new[] { 1, 0 })
        {
            for (var offset = 0; offset < 3; offset++)
                TestEvents.Add(batch, partition, offset, "u", $"N{partition}{offset}", TestEvents.Start);
            batch.Cover(new PartitionRange(partition, 0, 3));
        }

        await Store.StoreAsync(batch, true, default);

        Assert.Equal(["N02", "N01", "N00", "N12", "N11"], (await Store.GetEventsAsync(new GetUserEvents("u", Limit: 5), default)).Select(e => e.EventName));
        Assert.Equal(["N02", "N01", "N00", "N12"], (await Store.GetEventsAsync(new GetUserEvents(Limit: 4), default)).Select(e => e.EventName));
    }

    [Fact]
    public async Task Store_ServerAway_FailsAsTransient()
    {
        var connection = MongoConnection.Parse("mongodb://127.0.0.1:1/pipeline?serverSelectionTimeoutMS=200");
        using var client = new MongoClient(connection.Settings);
        using var events = new MongoEvents(client.GetDatabase(connection.Database));
        var store = new MongoUserEventStore(events, Microsoft.Extensions.Options.Options.Create(new MongoOptions()), TimeProvider.System);
        using var batch = TestEvents.Batch(0, 0, ("a", "Visit"));

        await Assert.ThrowsAsync<TransientException>(async () => await store.StoreAsync(batch, true, default));
        await Assert.ThrowsAsync<TransientException>(async () => await store.GetPositionsAsync([0], default));
        await Assert.ThrowsAsync<TransientException>(async () => await store.AggregateAsync(default));
        await Assert.ThrowsAsync<TransientException>(async () => await store.GetCountsAsync(new GetEventCounts(), default));
        await Assert.ThrowsAsync<TransientException>(async () => await store.GetEventsAsync(new GetUserEvents(), default));
    }
}
