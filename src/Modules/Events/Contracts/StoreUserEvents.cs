using MediatR;
using Pipeline.EventLog;

namespace Pipeline.Events.Contracts;

/// <summary>
/// Stores the events of a batch of records and moves the position behind them, all or nothing. Records that are no events go to the dead-letter topic.
/// In mode <see cref="EventsMode.Continuous"/> the events are counted in the same transaction.
/// </summary>
/// <param name="Batches">Records of topic UserEvents, of one partition or several; per partition in order. The caller keeps and disposes of them.</param>
/// <param name="Positions">Per partition the position that the caller believes to be stored, from which it read on.</param>
public sealed record StoreUserEvents(IReadOnlyList<RecordBatch> Batches, IReadOnlyDictionary<int, long> Positions) : IRequest<StoredUserEvents>;

/// <summary>What became of a <see cref="StoreUserEvents"/>.</summary>
/// <param name="Fenced">
/// True: nothing was stored, because the stored position of a partition is another than the caller believed: another worker has the partition. Read the
/// positions again.
/// </param>
/// <param name="Events">How many events were stored.</param>
/// <param name="DeadLetters">How many records went to the dead-letter topic.</param>
/// <param name="Positions">Per partition of the batch the position afterwards; empty where fenced.</param>
public sealed record StoredUserEvents(bool Fenced, long Events, long DeadLetters, IReadOnlyDictionary<int, long> Positions);
