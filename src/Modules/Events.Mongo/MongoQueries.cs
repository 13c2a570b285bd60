using MongoDB.Bson;
using MongoDB.Driver;
using Pipeline.Events.Contracts;

namespace Pipeline.Events.Mongo;

/// <summary>The questions that the module answers.</summary>
internal static class MongoQueries
{
    private static readonly BsonDocument _byName = new("_id", 1);

    /// <summary>There is no index on the count, which each event would have to keep: a page costs a look at all counts that match, a sort of one page.</summary>
    private static readonly BsonDocument _byCount = new() { { "EventCount", -1 }, { "_id", 1 } };

    private static readonly BsonDocument _newest = new() { { "TimeStamp", -1 }, { "Microseconds", -1 }, { "_id.Partition", 1 }, { "_id.Offset", -1 } };

    /// <summary>One count more than asked for tells whether there is a next page. Texts compare by their bytes, keys member by member.</summary>
    public static async Task<EventCountsPage> CountsAsync(MongoEvents events, GetEventCounts query, CancellationToken cancellationToken)
    {
        var filters = new BsonArray();
        if (query.UserId is not null)
            filters.Add(OfUser(query.UserId));
        if (query.EventName is not null)
            filters.Add(new BsonDocument("_id.EventName", query.EventName));
        if (query.After is not null)
            filters.Add(await AfterAsync(events, query.After, query.Order, cancellationToken));

        var counts = new List<EventCount>();
        var options = new FindOptions<BsonDocument> { Sort = query.Order == EventCountOrder.Count ? _byCount : _byName, Limit = query.Limit + 1, AllowDiskUse = true };
        using var cursor = await events.Counts.FindAsync<BsonDocument>(All(filters), options, cancellationToken);
        while (await cursor.MoveNextAsync(cancellationToken))
            counts.AddRange(cursor.Current.Select(d => new EventCount(d["_id"]["UserId"].AsString, d["_id"]["EventName"].AsString, d["EventCount"].ToInt64())));
        if (counts.Count <= query.Limit)
            return new EventCountsPage(counts, null);
        counts.RemoveRange(query.Limit, counts.Count - query.Limit);
        return new EventCountsPage(counts, new EventPair(counts[^1].UserId, counts[^1].EventName));
    }

    /// <summary>An index gives the events of one user, and of all, in the order of the answer.</summary>
    public static async Task<IReadOnlyList<StoredUserEvent>> EventsAsync(MongoEvents events, GetUserEvents query, CancellationToken cancellationToken)
    {
        var filters = new BsonArray();
        if (query.UserId is not null)
            filters.Add(new BsonDocument("UserId", query.UserId));
        if (query.From is { } from)
            Add(filters, "$gt", "$gte", from);
        if (query.To is { } to)
            Add(filters, "$lt", "$lt", to);

        var found = new List<StoredUserEvent>();
        var options = new FindOptions<RawBsonDocument, BsonDocument> { Sort = _newest, Limit = query.Limit };
        using var cursor = await events.Events.FindAsync(All(filters), options, cancellationToken);
        while (await cursor.MoveNextAsync(cancellationToken))
            found.AddRange(cursor.Current.Select(EventDocuments.Read));
        return found;
    }

    private static BsonDocument All(BsonArray filters) => filters.Count == 0 ? [] : new BsonDocument("$and", filters);

    /// <summary>A range of keys, which the index on them serves; a condition on a member of the key would not be.</summary>
    private static BsonDocument OfUser(string user) => new("_id", new BsonDocument
    {
        { "$gte", new BsonDocument { { "UserId", user }, { "EventName", BsonMinKey.Value } } },
        { "$lte", new BsonDocument { { "UserId", user }, { "EventName", BsonMaxKey.Value } } },
    });

    private static async Task<BsonDocument> AfterAsync(MongoEvents events, EventPair after, EventCountOrder order, CancellationToken cancellationToken)
    {
        var key = new BsonDocument { { "UserId", after.UserId }, { "EventName", after.EventName } };
        var behindKey = new BsonDocument("_id", new BsonDocument("$gt", key));
        if (order == EventCountOrder.Name)
            return behindKey;

        // A page begins where the pair is now; after a pair that is not there, at the highest count.
        var pair = await events.Counts.Find(new BsonDocument("_id", key)).FirstOrDefaultAsync(cancellationToken);
        if (pair is null)
            return [];
        var count = pair["EventCount"].ToInt64();
        return new BsonDocument("$or", new BsonArray
        {
            new BsonDocument("EventCount", new BsonDocument("$lt", count)),
            new BsonDocument("$and", new BsonArray { new BsonDocument("EventCount", count), behindKey }),
        });
    }

    /// <summary>A bound of the time, to the microsecond: by whole milliseconds, and within the bound's own by what is beside them.</summary>
    private static void Add(BsonArray filters, string beyond, string within, DateTimeOffset bound)
    {
        var (milliseconds, microseconds) = EventDocuments.Split((bound - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond);
        var date = new BsonDateTime(milliseconds);

        // The plain bound lets the index begin or end there; the other one leaves out the rest of that millisecond.
        filters.Add(new BsonDocument("TimeStamp", new BsonDocument(beyond + "e", date)));
        filters.Add(new BsonDocument("$or", new BsonArray
        {
            new BsonDocument("TimeStamp", new BsonDocument(beyond, date)),
            new BsonDocument("Microseconds", new BsonDocument(within, microseconds)),
        }));
    }
}
