using Pipeline.DeadLetters.Application;
using Pipeline.DeadLetters.Contracts;
using Pipeline.EventLog;

namespace Pipeline.DeadLetters.Tests;

/// <summary>A store whose process dies before a replay's end is recorded.</summary>
internal sealed class DyingStore(IDeadLetterStore store) : IDeadLetterStore
{
    public Task CompleteAsync(LetterSource source, int partition, long offset, CancellationToken cancellationToken) => throw new TransientException("The process died.");

    public Task<IReadOnlyDictionary<(string Topic, int Partition), LogMark>> GetMarksAsync(CancellationToken cancellationToken) => store.GetMarksAsync(cancellationToken);

    public Task<bool> AddAsync(string topic, int partition, LogMark expected, LogMark next, IReadOnlyList<NewLetter> letters, CancellationToken cancellationToken) =>
        store.AddAsync(topic, partition, expected, next, letters, cancellationToken);

    public Task PurgeAsync(string topic, int partition, long startOffset, CancellationToken cancellationToken) => store.PurgeAsync(topic, partition, startOffset, cancellationToken);

    public Task<IReadOnlyList<StoredLetter>> ListAsync(LetterQuery query, CancellationToken cancellationToken) => store.ListAsync(query, cancellationToken);

    public Task<IReadOnlyList<DeadLetterCount>> CountAsync(CancellationToken cancellationToken) => store.CountAsync(cancellationToken);

    public Task<IReadOnlyList<StoredLetter>> ListToDoAsync(DeadLetterFilter filter, int limit, CancellationToken cancellationToken) => store.ListToDoAsync(filter, limit, cancellationToken);

    public Task<StoredLetter?> FindAsync(DeadLetterId id, CancellationToken cancellationToken) => store.FindAsync(id, cancellationToken);

    public Task<StoredLetter?> FindAsync(LetterSource source, CancellationToken cancellationToken) => store.FindAsync(source, cancellationToken);

    public Task<ReplayAttempt?> BeginAsync(LetterSource source, ReplayAttempt attempt, string? by, string? note, CancellationToken cancellationToken) =>
        store.BeginAsync(source, attempt, by, note, cancellationToken);

    public Task ReleaseAsync(LetterSource source, Guid attempt, CancellationToken cancellationToken) => store.ReleaseAsync(source, attempt, cancellationToken);

    public Task<int> DiscardAsync(IReadOnlyCollection<LetterSource> sources, DateTimeOffset replaysBefore, string note, string? by, CancellationToken cancellationToken) =>
        store.DiscardAsync(sources, replaysBefore, note, by, cancellationToken);
}

/// <summary>A log whose process dies at the append of a record to the topic of events: before it, or after it.</summary>
internal sealed class DyingLog(IEventLog log, bool appended) : IEventLog
{
    public ValueTask AppendAsync(string topic, ReadOnlySpan<NewRecord> records, Memory<RecordPosition> positions, CancellationToken cancellationToken = default) =>
        topic.EndsWith(".dead", StringComparison.Ordinal)
            ? log.AppendAsync(topic, records, positions, cancellationToken)
            : DieAsync(appended ? log.AppendAsync(topic, records, positions, cancellationToken) : ValueTask.CompletedTask);

    public ValueTask EnsureTopicAsync(TopicDefinition topic, CancellationToken cancellationToken = default) => log.EnsureTopicAsync(topic, cancellationToken);

    public ValueTask<RecordPosition> AppendAsync(string topic, in NewRecord record, CancellationToken cancellationToken = default) => log.AppendAsync(topic, record, cancellationToken);

    public ValueTask<RecordBatch> ReadAsync(string topic, int partition, long offset, int maxBytes = 1 << 20, CancellationToken cancellationToken = default) =>
        log.ReadAsync(topic, partition, offset, maxBytes, cancellationToken);

    public ValueTask<IConsumer> SubscribeAsync(ConsumerDefinition consumer, CancellationToken cancellationToken = default) => log.SubscribeAsync(consumer, cancellationToken);

    public ValueTask<IReadOnlyList<TopicStatus>> GetTopicsAsync(CancellationToken cancellationToken = default) => log.GetTopicsAsync(cancellationToken);

    public ValueTask<IReadOnlyList<GroupStatus>> GetGroupsAsync(CancellationToken cancellationToken = default) => log.GetGroupsAsync(cancellationToken);

    public ValueTask PingAsync(CancellationToken cancellationToken = default) => log.PingAsync(cancellationToken);

    private static async ValueTask DieAsync(ValueTask append)
    {
        await append;
        throw new TransientException("The process died.");
    }
}
