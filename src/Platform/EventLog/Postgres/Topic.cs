namespace Pipeline.EventLog.Postgres;

/// <summary>A topic as this process knows it.</summary>
internal sealed class Topic
{
    private readonly Lock _lock = new();
    private Signal[] _subscribers = [];
    private uint _round;

    public Topic(int id, string name, int partitions)
    {
        Id = id;
        Name = name;
        Lanes = new Lane[partitions];
        for (var i = 0; i < partitions; i++)
            Lanes[i] = new Lane(this, i);
    }

    public int Id { get; }

    public string Name { get; }

    public Lane[] Lanes { get; }

    /// <summary>Whether a consumer of this process reads the topic.</summary>
    public bool HasSubscribers => _subscribers.Length > 0;

    /// <summary>What waits to be written; the writer's, under its lock.</summary>
    public TopicBuffer? Pending { get; set; }

    /// <summary>Buffers for later; the writer's, under its lock.</summary>
    public Stack<TopicBuffer> Spare { get; } = new();

    /// <summary>The partition for records without a key.</summary>
    public int NextPartition() => (int)(Interlocked.Increment(ref _round) % (uint)Lanes.Length);

    public void Subscribe(Signal signal)
    {
        lock (_lock)
            _subscribers = [.. _subscribers, signal];
    }

    public void Unsubscribe(Signal signal)
    {
        lock (_lock)
            _subscribers = [.. _subscribers.Where(s => s != signal)];
    }

    /// <summary>Tells the consumers of this process that there may be new records.</summary>
    public void Wake()
    {
        foreach (var subscriber in Volatile.Read(ref _subscribers))
            subscriber.Set();
    }
}

/// <summary>A partition as this process knows it.</summary>
internal sealed class Lane(Topic topic, int partition)
{
    private long _knownEnd = -1;
    private long _knownStart;
    private ChunkRange? _chunk;

    public Topic Topic { get; } = topic;

    public int Partition { get; } = partition;

    /// <summary>The highest end offset seen so far; -1 before the first look.</summary>
    public long KnownEnd => Volatile.Read(ref _knownEnd);

    /// <summary>The first offset that retention has left, as far as known.</summary>
    public long KnownStart
    {
        get => Volatile.Read(ref _knownStart);
        set => Volatile.Write(ref _knownStart, value);
    }

    /// <summary>Where the writer puts the next record; the writer's, under its lock.</summary>
    public Slab? Slab { get; set; }

    /// <summary>The first offset of the last flush; the writer's.</summary>
    public long LastBase { get; set; } = long.MaxValue;

    /// <summary>How much of <see cref="Slab"/> is taken.</summary>
    public int SlabUsed { get; set; }

    /// <summary>The newest rows; the tail cache's, under its lock.</summary>
    public RowRing Tail { get; } = new();

    /// <summary>How many rows left <see cref="Tail"/> before their age was up; the tail cache's, under its lock.</summary>
    public int ClearedRows { get; set; }

    /// <summary>How large the rows are that were read last, to guess how many fit the next time.</summary>
    public int RowBytes { get; set; } = 4 << 10;

    /// <summary>The chunk that was read last.</summary>
    public ChunkRange? Chunk
    {
        get => Volatile.Read(ref _chunk);
        set => Volatile.Write(ref _chunk, value);
    }

    /// <summary>Takes note of an end offset. True where it is news.</summary>
    public bool Advance(long end)
    {
        var known = KnownEnd;
        while (end > known)
        {
            var seen = Interlocked.CompareExchange(ref _knownEnd, end, known);
            if (seen == known)
                return true;
            known = seen;
        }

        return false;
    }
}

/// <summary>Which offsets of a partition a chunk holds.</summary>
/// <param name="ChunkId">The chunk.</param>
/// <param name="From">The first offset.</param>
/// <param name="To">The offset after the last one, as far as known; the newest chunk has no end.</param>
internal sealed record ChunkRange(int ChunkId, long From, long To);
