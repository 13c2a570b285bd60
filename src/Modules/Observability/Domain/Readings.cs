namespace Pipeline.Observability.Domain;

/// <summary>A topic as it was looked at.</summary>
internal sealed record TopicReading(string Name, bool DeadLetters, IReadOnlyList<PartitionReading> Partitions)
{
    public long EndOffset => Partitions.Sum(p => p.End);

    public long Records => Partitions.Sum(p => p.End - p.Start);
}

/// <summary>A partition as it was looked at.</summary>
internal readonly record struct PartitionReading(int Partition, long Start, long End);

/// <summary>A consumer group as it was looked at.</summary>
internal sealed record GroupReading(string Group, string Topic, int Members, IReadOnlyList<GroupPartitionReading> Partitions)
{
    public long Lag => Partitions.Sum(p => p.Lag);

    public long Committed => Partitions.Sum(p => p.Committed);
}

/// <summary>A group's place in a partition as it was looked at.</summary>
internal readonly record struct GroupPartitionReading(int Partition, long Committed, long End)
{
    public long Lag => Math.Max(0, End - Committed);
}

/// <summary>A table as it was looked at.</summary>
internal sealed record TableReading(string Name, long Version, long? Rows, int Files, long Bytes, DateTimeOffset CommittedAt);

/// <summary>The tables of the lake as they were looked at.</summary>
/// <param name="At">When.</param>
/// <param name="Count">How many there are.</param>
/// <param name="Newest">Those that were committed to last.</param>
/// <param name="FreeBytes">The room on the lake's disk; null where it has none of its own.</param>
internal sealed record LakeReading(DateTimeOffset At, int Count, IReadOnlyList<TableReading> Newest, long? FreeBytes);
