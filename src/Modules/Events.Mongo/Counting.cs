using MongoDB.Bson;
using MongoDB.Driver;
using Pipeline.Events.Domain;

namespace Pipeline.Events.Mongo;

/// <summary>
/// Adds the events of claimed ranges of a partition to the counts of their users and names, each range once: a count knows for each partition up to where it has counted, and a
/// range that is not behind that changes nothing. So whoever finds a claim may finish it, at the same time as others, or a second time.
/// </summary>
internal sealed class Counting(MongoEvents events, Positions positions, MongoOptions options, TimeProvider time)
{
    /// <summary>Two that add the same pair at once: one of them is told that it is there already, and finds it when it comes again.</summary>
    private const int MergeTries = 5;

    /// <summary>Counts ranges that are claimed by this batch, several at once.</summary>
    public async Task CountClaimedAsync(IReadOnlyList<PartitionRange> ranges, CancellationToken cancellationToken)
    {
        if (ranges.Count == 0)
            return;
        await Parallel.ForEachAsync(
            ranges, new ParallelOptions { MaxDegreeOfParallelism = options.ParallelCounts, CancellationToken = cancellationToken },
            async (range, token) => await MergeAsync(range, token));
        if (await positions.FinishAsync(ranges, cancellationToken) == ranges.Count)
            return;
        foreach (var range in ranges)
            await CountToAsync(range.Partition, range.Next, cancellationToken);
    }

    /// <summary>Counts a partition up to an offset, finishing what others have claimed.</summary>
    /// <returns>How many events were counted by this call and by no other.</returns>
    public async Task<long> CountToAsync(int partition, long end, CancellationToken cancellationToken)
    {
        long total = 0;
        while (true)
        {
            var found = await positions.ReadAsync([partition], cancellationToken);
            if (!found.TryGetValue(partition, out var position) || position.Counted >= end)
                return total;
            var to = position.Counting ?? Math.Min(position.Next, position.Counted + options.CountStep);
            if (position.Counting is null && !await positions.ClaimAsync(partition, position.Counted, to, cancellationToken))
                continue;
            var range = new PartitionRange(partition, position.Counted, to);
            var counted = await events.Events.CountDocumentsAsync(InRange(range), cancellationToken: cancellationToken);
            await MergeAsync(range, cancellationToken);
            if (await positions.FinishAsync([range], cancellationToken) == 1)
                total += counted;
        }
    }

    private static BsonDocument InRange(PartitionRange range) => new(
        "_id", new BsonDocument { { "$gte", EventDocuments.Key(range.Partition, range.Expected) }, { "$lt", EventDocuments.Key(range.Partition, range.Next) } });

    private async Task MergeAsync(PartitionRange range, CancellationToken cancellationToken)
    {
        var pipeline = PipelineDefinition<RawBsonDocument, BsonDocument>.Create(Pipeline(range));

        // The events are read from the primary: another server may not have those of this batch yet.
        var source = events.Events.WithReadPreference(ReadPreference.Primary);
        for (var tries = 1; ; tries++)
        {
            try
            {
                await source.AggregateToCollectionAsync(pipeline, new AggregateOptions { AllowDiskUse = true }, cancellationToken);
                return;
            }
            catch (MongoCommandException e) when (e.Code == MongoErrors.DuplicateKey && tries < MergeTries)
            {
                // The other one's count is there by now.
            }
        }
    }

    private BsonDocument[] Pipeline(PartitionRange range)
    {
        var partition = $"p{range.Partition}";
        var now = new BsonDateTime(time.GetUtcNow().UtcDateTime);
        var isNew = new BsonDocument("$lt", new BsonArray { new BsonDocument("$ifNull", new BsonArray { $"$CountedTo.{partition}", 0L }), range.Next });
        return
        [
            new("$match", InRange(range)),
            new("$group", new BsonDocument
            {
                { "_id", new BsonDocument { { "UserId", "$UserId" }, { "EventName", "$EventName" } } },
                { "EventCount", new BsonDocument("$sum", 1L) },
            }),
            new("$addFields", new BsonDocument { { "CountedTo", new BsonDocument(partition, range.Next) }, { "UpdatedAt", now } }),
            new("$merge", new BsonDocument
            {
                { "into", MongoEvents.CountsName },
                { "on", "_id" },
                { "whenNotMatched", "insert" },
                {
                    "whenMatched", new BsonArray
                    {
                        new BsonDocument("$addFields", new BsonDocument
                        {
                            { "EventCount", If(isNew, new BsonDocument("$add", new BsonArray { "$EventCount", "$$new.EventCount" }), "$EventCount") },
                            { "UpdatedAt", If(isNew, "$$new.UpdatedAt", "$UpdatedAt") },
                            { $"CountedTo.{partition}", new BsonDocument("$max", new BsonArray { $"$CountedTo.{partition}", range.Next }) },
                        }),
                    }
                },
            }),
        ];
    }

    private static BsonDocument If(BsonValue condition, BsonValue then, BsonValue otherwise) => new("$cond", new BsonArray { condition, then, otherwise });
}
