using System.Buffers;

namespace Pipeline.EventLog.Postgres;

/// <summary>
/// The newest committed rows of the partitions that consumers of this process read, so that a consumer that keeps up does not fetch from PostgreSQL
/// what the same process just wrote. Rows of a partition are kept only as long as no other process wrote between them.
/// </summary>
internal sealed class TailCache(long capacity)
{
    private readonly Lock _lock = new();
    private readonly Queue<Lane> _ages = new();
    private readonly long _maxRows = Math.Max(1024, capacity / 256);
    private long _bytes;

    /// <summary>Takes over the rows that were just committed and their references.</summary>
    public void Add(Lane lane, List<Row> rows, long baseOffset)
    {
        var keep = capacity > 0 && lane.Topic.HasSubscribers;
        lock (_lock)
        {
            if (lane.Tail.Count > 0 && (!keep || lane.Tail.To != baseOffset))
                Clear(lane);
            foreach (ref readonly var row in System.Runtime.InteropServices.CollectionsMarshal.AsSpan(rows))
            {
                if (!keep)
                {
                    row.Slab.Release();
                    continue;
                }

                lane.Tail.Add(row, baseOffset);
                baseOffset += row.Count;
                _bytes += row.Length;
                _ages.Enqueue(lane);
            }

            while ((_bytes > capacity || _ages.Count > _maxRows) && _ages.TryDequeue(out var oldest))
            {
                // A partition's rows are enqueued in their order, so those that were cleared come before those that are there.
                if (oldest.ClearedRows > 0)
                    oldest.ClearedRows--;
                else
                    RemoveFirst(oldest);
            }
        }
    }

    /// <summary>Reads from an offset on, or returns null where that offset is not here.</summary>
    public RecordBatch? TryRead(Lane lane, long offset, int maxBytes)
    {
        Row[] rows;
        int count = 0, bytes = 0;
        long from;
        lock (_lock)
        {
            var tail = lane.Tail;
            if (tail.Count == 0 || offset < tail.From || offset < lane.KnownStart || offset >= tail.To)
                return null;
            var first = tail.Find(offset);
            from = tail.LastOffset(first) + 1 - tail[first].Count;
            var last = first;
            for (; last < tail.Count && (last == first || bytes + tail[last].Length <= maxBytes); last++)
                bytes += tail[last].Length;
            rows = ArrayPool<Row>.Shared.Rent(last - first);
            for (; first < last; first++)
            {
                rows[count] = tail[first];
                rows[count++].Slab.AddReference();
            }
        }

        var buffer = ArrayPool<byte>.Shared.Rent(bytes);
        var at = 0;
        var records = 0;
        foreach (ref readonly var row in rows.AsSpan(0, count))
        {
            row.Data.Span.CopyTo(buffer.AsSpan(at));
            at += row.Length;
            records += row.Count;
            row.Slab.Release();
        }

        ArrayPool<Row>.Shared.Return(rows, clearArray: true);
        var skip = RecordCodec.Skip(buffer.AsSpan(0, bytes), (int)(offset - from));
        return new RecordBatch(lane.Topic.Name, lane.Partition, offset, records - (int)(offset - from), buffer, skip, bytes - skip);
    }

    private void Clear(Lane lane)
    {
        lane.ClearedRows += lane.Tail.Count;
        while (lane.Tail.Count > 0)
            RemoveFirst(lane);
    }

    private void RemoveFirst(Lane lane)
    {
        var row = lane.Tail.RemoveFirst();
        _bytes -= row.Length;
        row.Slab.Release();
    }
}
