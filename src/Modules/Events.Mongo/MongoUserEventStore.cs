using System.Buffers;
using Microsoft.Extensions.Options;
using MongoDB.Driver;
using Pipeline.Events.Application;
using Pipeline.Events.Contracts;
using Pipeline.Events.Domain;

namespace Pipeline.Events.Mongo;

/// <summary>
/// Events, counts and positions in MongoDB without transactions: each step can be repeated, by anybody, without effect, and a position is moved only when all before it is there.
/// </summary>
internal sealed class MongoUserEventStore : IUserEventStore
{
    private readonly MongoEvents _events;
    private readonly Positions _positions;
    private readonly Counting _counting;
    private readonly MongoOptions _options;

    public MongoUserEventStore(MongoEvents events, IOptions<MongoOptions> options, TimeProvider time)
    {
        _events = events;
        _options = options.Value;
        _positions = new Positions(events);
        _counting = new Counting(events, _positions, _options, time);
    }

    public async ValueTask<IReadOnlyDictionary<int, StoredPosition>> GetPositionsAsync(IReadOnlyCollection<int> partitions, CancellationToken cancellationToken)
    {
        try
        {
            var found = await _positions.ReadAsync(partitions, cancellationToken);
            var missing = partitions.Where(p => !found.ContainsKey(p)).ToArray();
            if (missing.Length > 0)
            {
                await _positions.CreateAsync(missing, cancellationToken);
                found = await _positions.ReadAsync(partitions, cancellationToken);
            }

            return found.ToDictionary(p => p.Key, p => p.Value.AsStored);
        }
        catch (Exception e)
        {
            throw MongoErrors.Translate(e, "Read the positions of user events");
        }
    }

    public async ValueTask<bool> StoreAsync(EventBatch batch, bool count, CancellationToken cancellationToken)
    {
        if (batch.Ranges.Count == 0)
            return true;
        try
        {
            if (!await IsExpectedAsync(batch, count, cancellationToken))
                return false;
            await InsertAsync(batch, cancellationToken);
            if (!count)
                await _positions.AdvanceAsync(batch.Ranges, cancellationToken);
            else
                await AdvanceAndCountAsync(batch, cancellationToken);
            return true;
        }
        catch (Exception e)
        {
            throw MongoErrors.Translate(e, $"Store {batch.Count} user events");
        }
    }

    public async ValueTask<long> AggregateAsync(CancellationToken cancellationToken)
    {
        try
        {
            long total = 0;
            foreach (var (partition, position) in await _positions.ReadAsync(null, cancellationToken))
                total += await _counting.CountToAsync(partition, position.Next, cancellationToken);
            return total;
        }
        catch (Exception e)
        {
            throw MongoErrors.Translate(e, "Count user events");
        }
    }

    public async ValueTask<EventCountsPage> GetCountsAsync(GetEventCounts query, CancellationToken cancellationToken)
    {
        try
        {
            return await MongoQueries.CountsAsync(_events, query, cancellationToken);
        }
        catch (Exception e)
        {
            throw MongoErrors.Translate(e, "Read the counts of user events");
        }
    }

    public async ValueTask<IReadOnlyList<StoredUserEvent>> GetEventsAsync(GetUserEvents query, CancellationToken cancellationToken)
    {
        try
        {
            return await MongoQueries.EventsAsync(_events, query, cancellationToken);
        }
        catch (Exception e)
        {
            throw MongoErrors.Translate(e, "Read user events");
        }
    }

    /// <summary>A worker that was overtaken finds out here, before it does work that is done already. Nothing rests on it: what follows is right without it.</summary>
    private async Task<bool> IsExpectedAsync(EventBatch batch, bool count, CancellationToken cancellationToken)
    {
        var positions = await _positions.ReadAsync(batch.Ranges.Select(r => r.Partition), cancellationToken);
        return batch.Ranges.All(r =>
            positions.TryGetValue(r.Partition, out var position) && position.Next == r.Expected && (!count || position.Counted == r.Expected));
    }

    private async Task InsertAsync(EventBatch batch, CancellationToken cancellationToken)
    {
        if (batch.Count == 0)
            return;
        await _events.PrepareAsync(cancellationToken);
        for (var row = 0; row < batch.Count;)
        {
            var bytes = EventDocuments.Measure(batch, row, _options.MaxInsertBytes, out var end);
            var buffer = ArrayPool<byte>.Shared.Rent(bytes);
            try
            {
                await _events.Events.InsertManyAsync(EventDocuments.Encode(batch, row, end, buffer), new InsertManyOptions { IsOrdered = false }, cancellationToken);
            }
            catch (MongoBulkWriteException e) when (MongoErrors.OnlyDuplicates(e))
            {
                // They were stored before a crash, or by a worker that has this partition too.
            }

            // Not after another failure: the driver may still be sending what is in it.
            ArrayPool<byte>.Shared.Return(buffer);
            row = end;
        }
    }

    private async Task AdvanceAndCountAsync(EventBatch batch, CancellationToken cancellationToken)
    {
        var withEvents = new HashSet<int>();
        foreach (ref readonly var row in batch.Rows)
            withEvents.Add(row.Partition);
        if (await _positions.AdvanceAndClaimAsync(batch.Ranges, withEvents, cancellationToken))
        {
            await _counting.CountClaimedAsync([.. batch.Ranges.Where(r => withEvents.Contains(r.Partition))], cancellationToken);
            return;
        }

        // Another worker came in between. The events are stored all the same, and what is stored can be counted by anybody.
        await _positions.AdvanceAsync(batch.Ranges, cancellationToken);
        foreach (var range in batch.Ranges)
            await _counting.CountToAsync(range.Partition, range.Next, cancellationToken);
    }
}
