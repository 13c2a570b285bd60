namespace Pipeline.Events.Domain;

/// <summary>One event of an <see cref="EventBatch"/>; its texts are neighbours in the batch's arena: user, event name, session, attributes.</summary>
internal readonly struct EventRow(
    long offset, int partition, long microseconds, int start, int userIdLength, int eventNameLength, int sessionIdLength, int attributesLength)
{
    /// <summary>The offset of its record in the topic's partition.</summary>
    public long Offset { get; } = offset;

    /// <summary>When it happened: µs since 1970 UTC, finer digits dropped.</summary>
    public long Microseconds { get; } = microseconds;

    /// <summary>The partition of its record.</summary>
    public int Partition { get; } = partition;

    internal int Start { get; } = start;

    internal int UserIdLength { get; } = userIdLength;

    internal int EventNameLength { get; } = eventNameLength;

    internal int SessionIdLength { get; } = sessionIdLength;

    internal int AttributesLength { get; } = attributesLength;
}
