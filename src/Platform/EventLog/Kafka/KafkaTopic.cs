namespace Pipeline.EventLog.Kafka;

/// <summary>A topic as this process knows it.</summary>
internal sealed class KafkaTopic(string name, int partitions)
{
    private uint _round;

    public string Name { get; } = name;

    public int Partitions { get; } = partitions;

    /// <summary>The partition for records without a key.</summary>
    public int NextPartition() => (int)(Interlocked.Increment(ref _round) % (uint)Partitions);
}
