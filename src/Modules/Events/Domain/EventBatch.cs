using System.Buffers;

namespace Pipeline.Events.Domain;

/// <summary>
/// Parsed events and the ranges of the log that they came from, to be stored in one step. All texts are UTF-8 in one pooled arena: no object per event.
/// </summary>
internal sealed class EventBatch : IDisposable
{
    private readonly List<PartitionRange> _ranges = [];
    private byte[] _arena;
    private int _arenaUsed;
    private EventRow[] _rows;
    private int _count;

    /// <summary>Rents the memory for a batch of about this size; it grows where that was too little.</summary>
    public EventBatch(int rows, int bytes)
    {
        _arena = ArrayPool<byte>.Shared.Rent(Math.Max(bytes, 256));
        _rows = ArrayPool<EventRow>.Shared.Rent(Math.Max(rows, 16));
    }

    /// <summary>The events, per partition in the order of their offsets.</summary>
    public ReadOnlySpan<EventRow> Rows => _rows.AsSpan(0, _count);

    /// <summary>How many events there are.</summary>
    public int Count => _count;

    /// <summary>The ranges of the log, at most one of a partition.</summary>
    public IReadOnlyList<PartitionRange> Ranges => _ranges;

    /// <summary>Adds an event; the texts are copied.</summary>
    public void Add(
        int partition, long offset, long microseconds,
        ReadOnlySpan<byte> userId, ReadOnlySpan<byte> eventName, ReadOnlySpan<byte> sessionId, ReadOnlySpan<byte> attributes)
    {
        var length = userId.Length + eventName.Length + sessionId.Length + attributes.Length;
        if (_arena.Length - _arenaUsed < length)
            Grow(ref _arena, _arenaUsed, length);
        if (_count == _rows.Length)
            Grow(ref _rows, _count, 1);

        var rest = _arena.AsSpan(_arenaUsed);
        userId.CopyTo(rest);
        eventName.CopyTo(rest = rest[userId.Length..]);
        sessionId.CopyTo(rest = rest[eventName.Length..]);
        attributes.CopyTo(rest[sessionId.Length..]);
        _rows[_count++] = new EventRow(offset, partition, microseconds, _arenaUsed, userId.Length, eventName.Length, sessionId.Length, attributes.Length);
        _arenaUsed += length;
    }

    /// <summary>Says what of a partition the batch covers; a second range of a partition must follow on the first and is joined to it.</summary>
    public void Cover(PartitionRange range)
    {
        var index = _ranges.FindIndex(r => r.Partition == range.Partition);
        if (index < 0)
            _ranges.Add(range);
        else if (_ranges[index].Next == range.Expected)
            _ranges[index] = _ranges[index] with { Next = range.Next };
        else
            throw new ArgumentException($"Partition {range.Partition}: {range.Expected} does not follow on {_ranges[index].Next}.", nameof(range));
    }

    public ReadOnlySpan<byte> UserId(scoped in EventRow row) => _arena.AsSpan(row.Start, row.UserIdLength);

    public ReadOnlySpan<byte> EventName(scoped in EventRow row) => _arena.AsSpan(row.Start + row.UserIdLength, row.EventNameLength);

    public ReadOnlySpan<byte> SessionId(scoped in EventRow row) => _arena.AsSpan(row.Start + row.UserIdLength + row.EventNameLength, row.SessionIdLength);

    /// <summary>The attributes as JSON, an object.</summary>
    public ReadOnlySpan<byte> Attributes(scoped in EventRow row) =>
        _arena.AsSpan(row.Start + row.UserIdLength + row.EventNameLength + row.SessionIdLength, row.AttributesLength);

    /// <summary>User and event name as one run of bytes; the length of the user tells two apart that join to the same.</summary>
    internal ReadOnlySpan<byte> PairKey(scoped in EventRow row) => _arena.AsSpan(row.Start, row.UserIdLength + row.EventNameLength);

    /// <inheritdoc />
    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_arena);
        ArrayPool<EventRow>.Shared.Return(_rows);
        _arena = [];
        _rows = [];
        _count = _arenaUsed = 0;
    }

    private static void Grow<T>(ref T[] pooled, int used, int more)
    {
        var larger = ArrayPool<T>.Shared.Rent(Math.Max(used + more, pooled.Length * 2));
        pooled.AsSpan(0, used).CopyTo(larger);
        ArrayPool<T>.Shared.Return(pooled);
        pooled = larger;
    }
}
