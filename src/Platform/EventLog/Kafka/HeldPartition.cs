using Pipeline.EventLog.Kafka.Native;

namespace Pipeline.EventLog.Kafka;

/// <summary>A partition that a member holds.</summary>
internal sealed unsafe class HeldPartition(int partition, NativeQueue queue) : IDisposable
{
    /// <summary>Taken from the queue, but not fit for the batch at hand.</summary>
    private readonly Queue<nint> _left = new();

    public int Partition { get; } = partition;

    public NativeQueue Queue { get; } = queue;

    /// <summary>The next offset wanted; -1 as long as only the group knows.</summary>
    public long Position { get; set; } = -1;

    /// <summary>Where a seek is to go that was not possible yet.</summary>
    public long? SeekTo { get; set; }

    /// <summary>Whether the sink gave the position: the group's then only tells of lag.</summary>
    public bool SinkOwnsPosition { get; set; }

    /// <summary>What the group has yet to acknowledge.</summary>
    public long? ToCommit { get; set; }

    /// <summary>How large its records are, to guess how many make a batch.</summary>
    public int RecordBytes { get; set; } = 512;

    public int Fetched => _left.Count + (int)NativeMethods.rd_kafka_queue_length(Queue.Handle);

    public void PutBack(NativeMessage* message) => _left.Enqueue((nint)message);

    /// <summary>The next messages, without waiting. The caller destroys them.</summary>
    public int Take(NativeMessage** messages, int count)
    {
        var taken = 0;
        for (; taken < count && _left.TryDequeue(out var left); taken++)
            messages[taken] = (NativeMessage*)left;
        return taken > 0 ? taken : (int)NativeMethods.rd_kafka_consume_batch_queue(Queue.Handle, 0, messages, (nuint)count);
    }

    /// <summary>Forgets what was put back.</summary>
    public void Clear()
    {
        while (_left.TryDequeue(out var left))
            NativeMethods.rd_kafka_message_destroy((NativeMessage*)left);
    }

    public void Dispose()
    {
        Clear();
        Queue.Dispose();
    }
}
