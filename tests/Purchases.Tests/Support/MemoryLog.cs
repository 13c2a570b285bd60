using Pipeline.EventLog;

namespace Pipeline.Purchases.Tests.Support;

/// <summary>The log that tests hold in memory: its consumers get the partitions that the test gives them, and batches as small as the test says.</summary>
internal sealed class MemoryLog : IEventLog
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, List<StoredRecord>[]> _topics = new(StringComparer.Ordinal);
    private readonly Dictionary<int, long> _group = [];

    /// <summary>Every record is refused for good whose value is longer.</summary>
    public int MaxValueBytes { get; set; } = int.MaxValue;

    /// <summary>The offsets that the group committed.</summary>
    public IReadOnlyDictionary<int, long> Group
    {
        get
        {
            lock (_gate)
                return new Dictionary<int, long>(_group);
        }
    }

    public ValueTask EnsureTopicAsync(TopicDefinition topic, CancellationToken cancellationToken = default)
    {
        lock (_gate)
            _topics.TryAdd(topic.Name, [.. Enumerable.Range(0, topic.Partitions).Select(_ => new List<StoredRecord>())]);
        return ValueTask.CompletedTask;
    }

    public void Add(string topic, int partition, byte[] value, params RecordHeader[] headers)
    {
        lock (_gate)
            _topics[topic][partition].Add(new StoredRecord(new NewRecord("key"u8.ToArray(), value, headers),
                1_772_366_400_000 + _topics[topic][partition].Count));
    }

    public IReadOnlyList<NewRecord> Records(string topic, int partition = 0)
    {
        lock (_gate)
            return [.. _topics[topic][partition].Select(r => r.Record)];
    }

    public long End(string topic, int partition)
    {
        lock (_gate)
            return _topics[topic][partition].Count;
    }

    public ValueTask<RecordPosition> AppendAsync(string topic, in NewRecord record, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    public ValueTask AppendAsync(string topic, ReadOnlySpan<NewRecord> records, Memory<RecordPosition> positions, CancellationToken cancellationToken = default)
    {
        foreach (ref readonly var record in records)
        {
            if (record.Value.Length > MaxValueBytes)
                throw new TerminalException("too large");
        }

        foreach (ref readonly var record in records)
            Add(topic, 0, record.Value.ToArray(), record.Headers.ToArray());
        return ValueTask.CompletedTask;
    }

    public ValueTask<RecordBatch> ReadAsync(string topic, int partition, long offset, int maxBytes = 1 << 20, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(Read(topic, partition, offset, 1));

    public RecordBatch Read(string topic, int partition, long offset, int count)
    {
        using var bytes = new MemoryStream();
        var taken = 0;
        lock (_gate)
        {
            foreach (var (record, timestamp) in _topics[topic][partition].Skip((int)offset).Take(count))
            {
                var buffer = new byte[RecordCodec.GetSize(record)];
                RecordCodec.Write(buffer, record, timestamp);
                bytes.Write(buffer);
                taken++;
            }
        }

        return new RecordBatch(topic, partition, offset, taken, bytes.ToArray());
    }

    public ValueTask<IConsumer> SubscribeAsync(ConsumerDefinition consumer, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public MemoryConsumer Consume(string topic, IPartitionHandler handler, int batchRecords = 7) => new(this, topic, handler, batchRecords);

    public ValueTask<IReadOnlyList<TopicStatus>> GetTopicsAsync(CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            return ValueTask.FromResult<IReadOnlyList<TopicStatus>>(
                [.. _topics.Select(t => new TopicStatus(t.Key, [.. t.Value.Select((p, i) => new PartitionStatus(i, 0, p.Count))]))]);
        }
    }

    public ValueTask<IReadOnlyList<GroupStatus>> GetGroupsAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public ValueTask PingAsync(CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

    public void Commit(int partition, long next)
    {
        lock (_gate)
            _group[partition] = next;
    }

    private readonly record struct StoredRecord(NewRecord Record, long Timestamp);
}

/// <summary>A member whose partitions the test decides.</summary>
internal sealed class MemoryConsumer(MemoryLog log, string topic, IPartitionHandler handler, int batchRecords) : IConsumer
{
    private readonly SortedDictionary<int, long> _positions = [];
    private readonly Queue<(bool Assign, bool Lost, int[] Partitions)> _changes = [];
    private int _turn;

    public IReadOnlyCollection<int> Assignment => [.. _positions.Keys];

    /// <summary>The longest time that the last read would have waited.</summary>
    public TimeSpan LastWait { get; private set; }

    public void Assign(params int[] partitions) => _changes.Enqueue((true, false, partitions));

    public void Revoke(bool lost, params int[] partitions) => _changes.Enqueue((false, lost, partitions));

    public async ValueTask<RecordBatch?> ReadAsync(TimeSpan maxWait, CancellationToken cancellationToken = default)
    {
        LastWait = maxWait;
        while (_changes.TryPeek(out var change))
        {
            if (change.Assign)
            {
                var next = await handler.OnAssignedAsync(change.Partitions, cancellationToken);
                foreach (var partition in change.Partitions)
                    _positions[partition] = next.TryGetValue(partition, out var own) ? own : 0;
            }
            else
            {
                await handler.OnRevokedAsync(change.Partitions, change.Lost, cancellationToken);
                foreach (var partition in change.Partitions)
                    _positions.Remove(partition);
            }

            _changes.Dequeue();
        }

        for (var i = 0; i < _positions.Count; i++)
        {
            var (partition, position) = _positions.ElementAt((_turn + i) % _positions.Count);
            if (log.End(topic, partition) <= position)
                continue;
            _turn++;
            var batch = log.Read(topic, partition, position, batchRecords);
            _positions[partition] = batch.NextOffset;
            return batch;
        }

        await Task.Delay(1, cancellationToken);
        return null;
    }

    public ValueTask CommitAsync(IReadOnlyDictionary<int, long> nextOffsets, CancellationToken cancellationToken = default)
    {
        foreach (var (partition, next) in nextOffsets)
            log.Commit(partition, next);
        return ValueTask.CompletedTask;
    }

    public void Seek(int partition, long nextOffset)
    {
        if (!_positions.ContainsKey(partition))
            throw new TerminalException($"not held: {partition}");
        _positions[partition] = nextOffset;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
