using System.Text.Json;
using Pipeline.Events.Contracts;
using Pipeline.Events.Domain;

namespace Pipeline.Events.Tests.Store;

public abstract partial class UserEventStoreConformance
{
    private static readonly string[] _ids = ["", "a", "a/b", "b", "user", "user-1", "user-10", "user-2", "z", "ä", "€", "日本", "😀"];

    [SkippableFact]
    public async Task GetCounts_PageByPage_GivesAllInTheOrderOfTheirBytes()
    {
        await Positions(0);
        var events = _ids.Skip(1).SelectMany(u => new[] { (u, "Visit"), (u, "Buy"), (u, "Visit") }).ToArray();
        await StoreAsync(true, 0, 0, events);

        var pages = new List<EventCountsPage>();
        for (EventPair? after = null; pages.Count == 0 || after is not null; after = pages[^1].Next)
            pages.Add(await Store.GetCountsAsync(new GetEventCounts(Limit: 5, After: after), default));

        Assert.All(pages.SkipLast(1), p => Assert.Equal(5, p.Counts.Count));
        Assert.Null(pages[^1].Next);
        var all = pages.SelectMany(p => p.Counts).ToList();
        Assert.Equal(_ids.Skip(1).SelectMany(u => new[] { new EventCount(u, "Buy", 1), new EventCount(u, "Visit", 2) }), all);
    }

    [SkippableFact]
    public async Task GetCounts_ByCount_GivesTheHighestFirstPageByPage()
    {
        await Positions(0);
        var events = _ids.Skip(1).SelectMany((u, i) => Enumerable.Repeat((u, "Visit"), 1 + i % 3).Append((u, "Buy"))).ToArray();
        await StoreAsync(true, 0, 0, events);

        var all = new List<EventCount>();
        EventPair? after = null;
        do
        {
            var page = await Store.GetCountsAsync(new GetEventCounts(Limit: 5, After: after, Order: EventCountOrder.Count), default);
            all.AddRange(page.Counts);
            after = page.Next;
        }
        while (after is not null);

        var named = await CountListAsync(new GetEventCounts());
        Assert.Equal(named.OrderByDescending(c => c.Count), all);
        Assert.Equal(
            named.Where(c => c.EventName == "Buy"), await CountListAsync(new GetEventCounts(EventName: "Buy", Order: EventCountOrder.Count)));
    }

    [SkippableFact]
    public async Task GetCounts_PageThatEndsWithTheLast_HasNoNext()
    {
        await Positions(0);
        await StoreAsync(true, 0, 0, ("a", "Visit"), ("b", "Visit"));

        var page = await Store.GetCountsAsync(new GetEventCounts(Limit: 2), default);

        Assert.Equal(2, page.Counts.Count);
        Assert.Null(page.Next);
    }

    [SkippableFact]
    public async Task GetCounts_Filtered_GivesThePairsAskedFor()
    {
        await Positions(0);
        await StoreAsync(true, 0, 0, ("a", "Visit"), ("a", "Buy"), ("b", "Visit"), ("c", "Buy"), ("c", "Visit"));

        Assert.Equal([new EventCount("a", "Buy", 1), new EventCount("a", "Visit", 1)], await CountListAsync(new GetEventCounts("a")));
        Assert.Equal(["a", "b", "c"], (await CountListAsync(new GetEventCounts(EventName: "Visit"))).Select(c => c.UserId));
        Assert.Equal([new EventCount("c", "Buy", 1)], await CountListAsync(new GetEventCounts("c", "Buy")));
        Assert.Equal(["b", "c"], (await CountListAsync(new GetEventCounts(EventName: "Visit", After: new EventPair("a", "Visit")))).Select(c => c.UserId));
        Assert.Empty(await CountListAsync(new GetEventCounts("nobody")));
    }

    [SkippableFact]
    public async Task GetEvents_OfAUser_AreTheNewestByTheirOwnTime()
    {
        await Positions(0, 1);
        using var batch = new EventBatch(0, 0);
        for (var i = 0; i < 10; i++)
            TestEvents.Add(batch, 0, i, i % 2 == 0 ? "even" : "odd", $"N{i}", TestEvents.Start.AddMinutes((i * 7) % 10));
        batch.Cover(new PartitionRange(0, 0, 10));
        await Store.StoreAsync(batch, true, default);

        var events = await Store.GetEventsAsync(new GetUserEvents("even", Limit: 3), default);

        // Minutes 0 7 4 1 8 5 2 9 6 3 of N0 to N9.
        Assert.Equal(["N4", "N8", "N2"], events.Select(e => e.EventName));
        Assert.All(events, e => Assert.Equal("even", e.UserId));
        Assert.Equal("session-4", events[0].SessionId);
        Assert.Equal(TestEvents.Start.AddMinutes(8), events[0].TimeStamp);
    }

    [SkippableFact]
    public async Task GetEvents_OfAll_AreTheNewestHoweverOldTheyAre()
    {
        await Positions(0);
        using var batch = new EventBatch(0, 0);
        DateTimeOffset[] times =
        [
            new(1, 1, 1, 0, 0, 0, TimeSpan.Zero), new(1969, 12, 31, 23, 59, 59, TimeSpan.Zero), new(2011, 1, 1, 0, 0, 0, TimeSpan.Zero),
            new(2011, 1, 1, 0, 0, 1, TimeSpan.Zero), TimeProvider.System.GetUtcNow().AddHours(2), new(9999, 12, 31, 23, 59, 59, TimeSpan.Zero),
        ];
        for (var i = 0; i < times.Length; i++)
            TestEvents.Add(batch, 0, i, "u", $"N{i}", times[i]);
        batch.Cover(new PartitionRange(0, 0, times.Length));
        await Store.StoreAsync(batch, true, default);

        Assert.Equal(["N5"], await NamesAsync(new GetUserEvents(Limit: 1)));
        Assert.Equal(["N5", "N4", "N3"], await NamesAsync(new GetUserEvents(Limit: 3)));
        Assert.Equal(["N5", "N4", "N3", "N2", "N1", "N0"], await NamesAsync(new GetUserEvents(Limit: 7)));
        Assert.Equal(["N3", "N2", "N1"], await NamesAsync(new GetUserEvents(To: times[4], From: times[1])));
        Assert.Equal(["N2", "N1", "N0"], await NamesAsync(new GetUserEvents("u", To: times[3])));
        Assert.Equal(["N2"], await NamesAsync(new GetUserEvents(From: times[2], To: times[3])));
        Assert.Empty(await NamesAsync(new GetUserEvents(From: times[5].AddMilliseconds(1))));

        async Task<IEnumerable<string>> NamesAsync(GetUserEvents query) => (await Store.GetEventsAsync(query, default)).Select(e => e.EventName);
    }

    [SkippableFact]
    public async Task GetEvents_OfWhatWasStored_KeepsTextsTimesAndAttributes()
    {
        var large = $$"""{"ProductId":"p","Price":0.10,"Discount":1e2,"More":["{{new string('x', 900_000)}}",null,true,{"ä\n\"":"😀\\"}]}""";
        var time = new DateTimeOffset(2024, 2, 29, 23, 59, 59, TimeSpan.Zero).AddMicroseconds(123456);
        await Positions(0);
        using var batch = new EventBatch(0, 0);
        TestEvents.Add(batch, 0, 0, "a\"\\\n\t{ä€😀", "日本'; drop table", time, large);
        batch.Cover(new PartitionRange(0, 0, 1));
        await Store.StoreAsync(batch, true, default);

        var stored = Assert.Single(await Store.GetEventsAsync(new GetUserEvents("a\"\\\n\t{ä€😀"), default));

        Assert.Equal("日本'; drop table", stored.EventName);
        Assert.Equal(time, stored.TimeStamp);
        Assert.Equal(TimeSpan.Zero, stored.TimeStamp.Offset);
        using var expected = JsonDocument.Parse(large);
        using var actual = JsonDocument.Parse(stored.Attributes);
        Assert.Equal(0.10m, actual.RootElement.GetProperty("Price").GetDecimal());
        Assert.Equal(100m, actual.RootElement.GetProperty("Discount").GetDecimal());
        Assert.True(JsonElement.DeepEquals(expected.RootElement.GetProperty("More"), actual.RootElement.GetProperty("More")));
    }
}
