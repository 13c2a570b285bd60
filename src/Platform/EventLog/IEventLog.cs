namespace Pipeline.EventLog;

/// <summary>
/// A durable, append-only log of records in topics. A topic has a fixed number of partitions; within a partition every record has an offset
/// that grows by one. Records with the same key are in the same partition, in the order of their appends.
/// </summary>
/// <remarks>
/// Every adapter passes the conformance suite in <c>tests/EventLog.Tests</c>. Errors: <see cref="TransientException"/> where a later try may
/// succeed, <see cref="TerminalException"/> where it will not.
/// </remarks>
public interface IEventLog
{
    /// <summary>Creates the topic when it does not exist. An existing topic keeps its partitions; its retention is set to the given one.</summary>
    /// <exception cref="TerminalException">The topic exists with another number of partitions, or the name is not valid.</exception>
    ValueTask EnsureTopicAsync(TopicDefinition topic, CancellationToken cancellationToken = default);

    /// <summary>
    /// Appends one record and completes when it is durable. The key and value are copied before this method returns its task, so the
    /// caller may reuse their buffers at once.
    /// </summary>
    /// <param name="topic">An existing topic.</param>
    /// <param name="record">The record.</param>
    /// <param name="cancellationToken">Cancels the wait. Once the record is handed to the writer it may still be appended.</param>
    /// <returns>Where the record is.</returns>
    /// <exception cref="TransientException">The log cannot take it now: the store is away, or too much waits already (backpressure).</exception>
    ValueTask<RecordPosition> AppendAsync(string topic, in NewRecord record, CancellationToken cancellationToken = default);

    /// <summary>
    /// Appends records in their order and completes when all are durable. The PostgreSQL adapter appends all or none; an adapter without transactions
    /// may leave some of them in the log when it throws.
    /// </summary>
    /// <param name="topic">An existing topic.</param>
    /// <param name="records">The records; copied before this method returns its task.</param>
    /// <param name="positions">Takes the position of each record; at least as long as <paramref name="records"/>.</param>
    /// <param name="cancellationToken">Cancels the wait. Once handed to the writer, the records may still be appended.</param>
    /// <exception cref="TransientException">The log cannot take them now.</exception>
    ValueTask AppendAsync(string topic, ReadOnlySpan<NewRecord> records, Memory<RecordPosition> positions, CancellationToken cancellationToken = default);

    /// <summary>
    /// Reads records of one partition from an offset on, without a consumer group. Returns at once with what is there.
    /// </summary>
    /// <param name="topic">An existing topic.</param>
    /// <param name="partition">The partition, from 0.</param>
    /// <param name="offset">The first offset wanted. One below the start of the partition reads from the start; one at the end reads nothing.</param>
    /// <param name="maxBytes">A target for the size; at least one record is returned where there is one.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>A batch, maybe empty. Dispose it to return its buffer.</returns>
    ValueTask<RecordBatch> ReadAsync(string topic, int partition, long offset, int maxBytes = 1 << 20, CancellationToken cancellationToken = default);

    /// <summary>Joins a consumer group as a new member. The member holds partitions from its first <see cref="IConsumer.ReadAsync"/> on.</summary>
    ValueTask<IConsumer> SubscribeAsync(ConsumerDefinition consumer, CancellationToken cancellationToken = default);

    /// <summary>All topics with their partitions, start and end offsets, ordered by name.</summary>
    ValueTask<IReadOnlyList<TopicStatus>> GetTopicsAsync(CancellationToken cancellationToken = default);

    /// <summary>All consumer groups with their committed offsets, lag and members, ordered by group and topic.</summary>
    ValueTask<IReadOnlyList<GroupStatus>> GetGroupsAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Completes when the log can take and give records, else throws <see cref="TransientException"/>. For health checks.
    /// </summary>
    ValueTask PingAsync(CancellationToken cancellationToken = default);
}

/// <summary>A member of a consumer group. Not thread-safe: one caller at a time.</summary>
/// <remarks>
/// The sink owns the position: it stores the next offset in the same commit as the data, and gives it back in
/// <see cref="IPartitionHandler.OnAssignedAsync"/>. What is committed to the group serves lag, retention and sinks without a store of their own.
/// A member that was cut off may still hold records of a partition that another member reads by now; a sink therefore commits
/// by compare-and-set on the stored position.
/// </remarks>
public interface IConsumer : IAsyncDisposable
{
    /// <summary>The partitions that this member holds now.</summary>
    IReadOnlyCollection<int> Assignment { get; }

    /// <summary>
    /// Reads the next records of one of the assigned partitions, fair among them. Waits, without polling, until there are some or <paramref name="maxWait"/>
    /// is over. Calls the <see cref="IPartitionHandler"/> when the assignment changes, and then waits no longer: the handler may have left something to be done,
    /// such as positions to commit.
    /// </summary>
    /// <returns>
    /// A batch with at least one record; null after <paramref name="maxWait"/>, or where there is none after the handler was called. Dispose it to return its buffer.
    /// </returns>
    /// <exception cref="TransientException">The log is away; the call may be repeated, positions are kept.</exception>
    ValueTask<RecordBatch?> ReadAsync(TimeSpan maxWait, CancellationToken cancellationToken = default);

    /// <summary>Records the next offset that the group wants of each partition. Partitions that this member does not hold are left alone.</summary>
    ValueTask CommitAsync(IReadOnlyDictionary<int, long> nextOffsets, CancellationToken cancellationToken = default);

    /// <summary>Moves the position of an assigned partition: the next read of it starts at <paramref name="nextOffset"/>.</summary>
    void Seek(int partition, long nextOffset);
}

/// <summary>Is told by <see cref="IConsumer.ReadAsync"/>, on the caller's thread, which partitions come and go.</summary>
public interface IPartitionHandler
{
    /// <summary>
    /// The member now holds these partitions. Returns the next offset wanted of each; a partition left out starts where the group committed,
    /// or at its start where the group never did.
    /// </summary>
    ValueTask<IReadOnlyDictionary<int, long>> OnAssignedAsync(IReadOnlyCollection<int> partitions, CancellationToken cancellationToken);

    /// <summary>
    /// The member gives up these partitions. Finish or drop what is buffered of them before returning.
    /// </summary>
    /// <param name="partitions">The partitions.</param>
    /// <param name="lost">True where another member may read them already: nothing of them may be committed any more.</param>
    /// <param name="cancellationToken">Cancels the work.</param>
    ValueTask OnRevokedAsync(IReadOnlyCollection<int> partitions, bool lost, CancellationToken cancellationToken);
}

/// <summary>A topic to create.</summary>
/// <param name="Name">1 to 200 characters of <c>[A-Za-z0-9._-]</c>, not <c>.</c> or <c>..</c>.</param>
/// <param name="Partitions">1 to 1,000; fixed for the life of the topic.</param>
/// <param name="Retention">How long records are kept.</param>
public sealed record TopicDefinition(string Name, int Partitions = 4, RetentionPolicy? Retention = null);

/// <summary>What may be dropped, in whole chunks, oldest first.</summary>
/// <param name="MaxAge">Chunks whose newest record is older are dropped; null keeps by age for ever.</param>
/// <param name="MaxBytes">The oldest chunks are dropped while the topic is larger; null keeps any size.</param>
/// <param name="DropUnconsumed">False never drops what a consumer group of the topic has yet to read.</param>
public sealed record RetentionPolicy(TimeSpan? MaxAge = null, long? MaxBytes = null, bool DropUnconsumed = false);

/// <summary>A membership to open.</summary>
/// <param name="Topic">The topic; one consumer reads one topic.</param>
/// <param name="Group">The consumer group: its members share the partitions out.</param>
/// <param name="Handler">Told of the assignment; null starts from the group's committed offsets.</param>
/// <param name="MaxBatchBytes">A target for the size of one batch.</param>
/// <param name="SessionTimeout">A member without a heartbeat for so long loses its partitions. The heartbeat runs in the background.</param>
public sealed record ConsumerDefinition(
    string Topic, string Group, IPartitionHandler? Handler = null, int MaxBatchBytes = 4 << 20, TimeSpan? SessionTimeout = null);

/// <summary>Where a record is.</summary>
/// <param name="Partition">The partition, from 0.</param>
/// <param name="Offset">The offset in the partition, from 0.</param>
public readonly record struct RecordPosition(int Partition, long Offset);

/// <summary>A topic as it is now.</summary>
/// <param name="Name">The name.</param>
/// <param name="Partitions">Its partitions, in order.</param>
public sealed record TopicStatus(string Name, IReadOnlyList<PartitionStatus> Partitions);

/// <summary>A partition as it is now.</summary>
/// <param name="Partition">The partition, from 0.</param>
/// <param name="StartOffset">The first offset that is still there.</param>
/// <param name="EndOffset">The offset that the next record gets.</param>
public readonly record struct PartitionStatus(int Partition, long StartOffset, long EndOffset);

/// <summary>A consumer group on one topic as it is now.</summary>
/// <param name="Group">The group.</param>
/// <param name="Topic">The topic.</param>
/// <param name="Members">How many live members it has.</param>
/// <param name="Partitions">Its partitions, in order.</param>
public sealed record GroupStatus(string Group, string Topic, int Members, IReadOnlyList<GroupPartitionStatus> Partitions)
{
    /// <summary>How many records the group has yet to read.</summary>
    public long Lag => Partitions.Sum(p => p.Lag);
}

/// <summary>A group's place in a partition.</summary>
/// <param name="Partition">The partition, from 0.</param>
/// <param name="CommittedOffset">The next offset that the group wants.</param>
/// <param name="EndOffset">The offset that the next record gets.</param>
/// <param name="Member">The member that holds it; null where none does.</param>
public readonly record struct GroupPartitionStatus(int Partition, long CommittedOffset, long EndOffset, string? Member)
{
    /// <summary>How many records are yet to be read.</summary>
    public long Lag => Math.Max(0, EndOffset - CommittedOffset);
}
