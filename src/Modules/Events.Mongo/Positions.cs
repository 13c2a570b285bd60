using MongoDB.Bson;
using MongoDB.Driver;
using Pipeline.Events.Application;
using Pipeline.Events.Domain;

namespace Pipeline.Events.Mongo;

/// <summary>How far each partition is. They only grow, and each change is one atomic update of one document.</summary>
internal sealed class Positions(MongoEvents events)
{
    private const string Next = "Next";
    private const string Counted = "Counted";
    private const string Counting = "Counting";

    private static FilterDefinitionBuilder<BsonDocument> Filter => Builders<BsonDocument>.Filter;

    private static UpdateDefinitionBuilder<BsonDocument> Set => Builders<BsonDocument>.Update;

    /// <summary>The positions that there are.</summary>
    public async Task<Dictionary<int, Position>> ReadAsync(IEnumerable<int>? partitions, CancellationToken cancellationToken)
    {
        var documents = await events.Positions.Find(partitions is null ? Filter.Empty : Filter.In("_id", partitions)).ToListAsync(cancellationToken);
        return documents.ToDictionary(d => d["_id"].AsInt32, d => new Position(
            d[Next].AsInt64, d[Counted].AsInt64, d.TryGetValue(Counting, out var counting) && counting.IsInt64 ? counting.AsInt64 : null));
    }

    /// <summary>Creates positions at 0; where one is there already it stays.</summary>
    public async Task CreateAsync(IEnumerable<int> partitions, CancellationToken cancellationToken)
    {
        try
        {
            await events.Positions.BulkWriteAsync(
                [.. partitions.Select(p => new UpdateOneModel<BsonDocument>(Filter.Eq("_id", p), Set.SetOnInsert(Next, 0L).SetOnInsert(Counted, 0L)) { IsUpsert = true })],
                new BulkWriteOptions { IsOrdered = false }, cancellationToken);
        }
        catch (MongoBulkWriteException e) when (MongoErrors.OnlyDuplicates(e))
        {
            // Somebody else created them in the same moment.
        }
    }

    /// <summary>
    /// Moves positions behind ranges whose events are all stored. One that another worker has moved further stays; one that it has moved into the range goes on to the end of it, as
    /// everything before that is stored then too.
    /// </summary>
    public Task AdvanceAsync(IReadOnlyList<PartitionRange> ranges, CancellationToken cancellationToken) => events.Positions.BulkWriteAsync(
        [.. ranges.Select(r => new UpdateOneModel<BsonDocument>(
            Filter.Eq("_id", r.Partition) & Filter.Gte(Next, r.Expected) & Filter.Lt(Next, r.Next), Set.Set(Next, r.Next)))],
        new BulkWriteOptions { IsOrdered = false }, cancellationToken);

    /// <summary>
    /// The same, and claims the ranges for counting; those without events count as counted. False where a position is not as expected or somebody counts there: some of the others
    /// may be moved and claimed.
    /// </summary>
    public async Task<bool> AdvanceAndClaimAsync(IReadOnlyList<PartitionRange> ranges, IReadOnlySet<int> withEvents, CancellationToken cancellationToken)
    {
        var result = await events.Positions.BulkWriteAsync(
            [.. ranges.Select(r => new UpdateOneModel<BsonDocument>(
                Filter.Eq("_id", r.Partition) & Filter.Eq(Next, r.Expected) & Filter.Eq(Counted, r.Expected) & Filter.Exists(Counting, false),
                Set.Set(Next, r.Next).Set(withEvents.Contains(r.Partition) ? Counting : Counted, r.Next)))],
            new BulkWriteOptions { IsOrdered = false }, cancellationToken);
        return result.MatchedCount == ranges.Count;
    }

    /// <summary>Claims a range for counting; false where another claim or count was faster.</summary>
    public async Task<bool> ClaimAsync(int partition, long from, long to, CancellationToken cancellationToken)
    {
        var result = await events.Positions.UpdateOneAsync(
            Filter.Eq("_id", partition) & Filter.Eq(Counted, from) & Filter.Exists(Counting, false) & Filter.Gte(Next, to), Set.Set(Counting, to),
            cancellationToken: cancellationToken);
        return result.MatchedCount == 1;
    }

    /// <summary>Says that claimed ranges are counted. How many were still to be said so: a helper may have been faster.</summary>
    public async Task<long> FinishAsync(IEnumerable<PartitionRange> ranges, CancellationToken cancellationToken)
    {
        var result = await events.Positions.BulkWriteAsync(
            [.. ranges.Select(r => new UpdateOneModel<BsonDocument>(
                Filter.Eq("_id", r.Partition) & Filter.Eq(Counted, r.Expected) & Filter.Eq(Counting, r.Next), Set.Set(Counted, r.Next).Unset(Counting)))],
            new BulkWriteOptions { IsOrdered = false }, cancellationToken);
        return result.MatchedCount;
    }
}

/// <summary>The position of a partition.</summary>
/// <param name="Next">Everything before it is stored.</param>
/// <param name="Counted">Everything before it is counted.</param>
/// <param name="Counting">Where not null: everything from <paramref name="Counted"/> up to here is being counted, or was when somebody died.</param>
internal readonly record struct Position(long Next, long Counted, long? Counting)
{
    /// <summary>As the port has it.</summary>
    public StoredPosition AsStored => new(Next, Counted);
}
