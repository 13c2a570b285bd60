using Pipeline.EventLog;

namespace Pipeline.Ingestion.Tests;

/// <summary>A log whose reads a test can hold up or answer itself, and whose appends it can let fail.</summary>
internal sealed class InterceptedLog(IEventLog inner) : IEventLog
{
    /// <summary>Called before each read; a batch that it returns is what is read.</summary>
    public Func<string, int, long, Task<RecordBatch?>> Reading { get; set; } = (_, _, _) => Task.FromResult<RecordBatch?>(null);

    /// <summary>Changes what the log tells of its topics.</summary>
    public Func<PartitionStatus, PartitionStatus> Telling { get; set; } = partition => partition;

    /// <summary>What appends of several records fail with.</summary>
    public Exception? Refusal { get; set; }

    public async ValueTask<RecordBatch> ReadAsync(
        string topic, int partition, long offset, int maxBytes = 1 << 20, CancellationToken cancellationToken = default) =>
        await Reading(topic, partition, offset) ?? await inner.ReadAsync(topic, partition, offset, maxBytes, cancellationToken);

    public ValueTask EnsureTopicAsync(TopicDefinition topic, CancellationToken cancellationToken = default) => inner.EnsureTopicAsync(topic, cancellationToken);

    public ValueTask<RecordPosition> AppendAsync(string topic, in NewRecord record, CancellationToken cancellationToken = default) =>
        inner.AppendAsync(topic, record, cancellationToken);

    public ValueTask AppendAsync(
        string topic, ReadOnlySpan<NewRecord> records, Memory<RecordPosition> positions, CancellationToken cancellationToken = default) =>
        Refusal is { } refusal ? ValueTask.FromException(refusal) : inner.AppendAsync(topic, records, positions, cancellationToken);

    public ValueTask<IConsumer> SubscribeAsync(ConsumerDefinition consumer, CancellationToken cancellationToken = default) =>
        inner.SubscribeAsync(consumer, cancellationToken);

    public async ValueTask<IReadOnlyList<TopicStatus>> GetTopicsAsync(CancellationToken cancellationToken = default) =>
        [.. (await inner.GetTopicsAsync(cancellationToken)).Select(t => t with { Partitions = [.. t.Partitions.Select(Telling)] })];

    public ValueTask<IReadOnlyList<GroupStatus>> GetGroupsAsync(CancellationToken cancellationToken = default) => inner.GetGroupsAsync(cancellationToken);

    public ValueTask PingAsync(CancellationToken cancellationToken = default) => inner.PingAsync(cancellationToken);
}
