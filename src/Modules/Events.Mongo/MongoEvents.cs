using MongoDB.Bson;
using MongoDB.Driver;

namespace Pipeline.Events.Mongo;

/// <summary>The collections of the store. Their documents are made for people and other programs to read as well.</summary>
internal sealed class MongoEvents(IMongoDatabase database) : IDisposable
{
    public const string EventsName = "UserEvents";
    public const string CountsName = "UserEventCounts";
    public const string PositionsName = "UserEventPositions";

    private readonly SemaphoreSlim _gate = new(1);
    private volatile bool _prepared;

    /// <summary>
    /// <c>{ _id: { Topic, Partition, Offset }, UserId, SessionId, EventName, TimeStamp, Microseconds, Attributes }</c>: the time in whole milliseconds with the microseconds
    /// beside it, as a date of BSON has no finer ones; the attributes as the text of their JSON.
    /// </summary>
    public IMongoCollection<RawBsonDocument> Events { get; } = database.GetCollection<RawBsonDocument>(EventsName);

    /// <summary><c>{ _id: { UserId, EventName }, EventCount, CountedTo: { p0: 17, ... }, UpdatedAt }</c>: per partition the offset before which its events are in the count.</summary>
    public IMongoCollection<BsonDocument> Counts { get; } = database.GetCollection<BsonDocument>(CountsName);

    /// <summary>
    /// <c>{ _id: 0, Next, Counted, Counting }</c>: per partition how far events are stored and counted; <c>Counting</c> only while somebody counts, up to there.
    /// </summary>
    /// <remarks>What the store decides by is read from the primary, wherever queries may read.</remarks>
    public IMongoCollection<BsonDocument> Positions { get; } = database.GetCollection<BsonDocument>(PositionsName).WithReadPreference(ReadPreference.Primary);

    /// <summary>Answers where the server does.</summary>
    public Task PingAsync(CancellationToken cancellationToken) =>
        database.RunCommandAsync<BsonDocument>(new BsonDocument("ping", 1), cancellationToken: cancellationToken);

    /// <summary>Creates the indexes, once in the life of this process; where they are there already the server does nothing.</summary>
    public async ValueTask PrepareAsync(CancellationToken cancellationToken)
    {
        if (_prepared)
            return;
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (_prepared)
                return;
            var newest = Builders<RawBsonDocument>.IndexKeys.Descending("TimeStamp").Descending("Microseconds").Ascending("_id.Partition").Descending("_id.Offset");
            await Events.Indexes.CreateManyAsync(
                [
                    new CreateIndexModel<RawBsonDocument>(
                        Builders<RawBsonDocument>.IndexKeys.Combine(Builders<RawBsonDocument>.IndexKeys.Ascending("UserId"), newest), new CreateIndexOptions { Name = "by_user" }),
                    new CreateIndexModel<RawBsonDocument>(newest, new CreateIndexOptions { Name = "by_time" }),
                ],
                cancellationToken);
            await Counts.Indexes.CreateOneAsync(
                new CreateIndexModel<BsonDocument>(
                    Builders<BsonDocument>.IndexKeys.Ascending("_id.EventName").Ascending("_id.UserId"), new CreateIndexOptions { Name = "by_event_name" }),
                cancellationToken: cancellationToken);
            _prepared = true;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <inheritdoc />
    public void Dispose() => _gate.Dispose();
}
