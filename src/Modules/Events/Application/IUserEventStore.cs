using Pipeline.Events.Contracts;
using Pipeline.Events.Domain;

namespace Pipeline.Events.Application;

/// <summary>
/// Keeps events, their counts per user and event name, and per partition of the topic two positions: up to where events are stored and up to where they are
/// counted.
/// Every adapter passes the conformance suite in <c>tests/Events.Tests</c>.
/// </summary>
/// <remarks>
/// Whatever is called again, by whom and after which crash: each record of the log becomes at most one stored event, and each stored event is counted at
/// most once, and
/// exactly once when <see cref="AggregateAsync"/> returns. Errors: <see cref="TransientException"/> where the same call may succeed later, else <see
/// cref="TerminalException"/>.
/// </remarks>
internal interface IUserEventStore
{
    /// <summary>The positions of these partitions; both 0 of a partition of which nothing was stored yet.</summary>
    ValueTask<IReadOnlyDictionary<int, StoredPosition>> GetPositionsAsync(IReadOnlyCollection<int> partitions, CancellationToken cancellationToken);

    /// <summary>
    /// Stores a batch: its events, the positions behind its ranges and, if asked, the counts.
    /// </summary>
    /// <param name="batch">The events and ranges.</param>
    /// <param name="count">
    /// True counts the events as well; their partitions must have no uncounted events before them. False leaves that to <see cref="AggregateAsync"/>.
    /// </param>
    /// <param name="cancellationToken">Cancels the call; what it did is then not known, and the positions tell.</param>
    /// <returns>
    /// False where nothing was changed since a position is not the expected one, or events before the batch are not counted yet while <paramref
    /// name="count"/> is true.
    /// An adapter that recognises each event by its place in the log may instead take the batch again, without effect on what it has.
    /// </returns>
    ValueTask<bool> StoreAsync(EventBatch batch, bool count, CancellationToken cancellationToken);

    /// <summary>Counts the events that are stored but not counted yet. Safe to call at any time, by several at once.</summary>
    /// <returns>How many events this call counted.</returns>
    ValueTask<long> AggregateAsync(CancellationToken cancellationToken);

    /// <summary>A page of counts.</summary>
    ValueTask<EventCountsPage> GetCountsAsync(GetEventCounts query, CancellationToken cancellationToken);

    /// <summary>The newest events.</summary>
    ValueTask<IReadOnlyList<StoredUserEvent>> GetEventsAsync(GetUserEvents query, CancellationToken cancellationToken);
}

/// <summary>How far a store is in a partition of the topic.</summary>
/// <param name="Next">The next offset wanted: everything before it is stored.</param>
/// <param name="Counted">Everything before it is counted.</param>
internal readonly record struct StoredPosition(long Next, long Counted);
