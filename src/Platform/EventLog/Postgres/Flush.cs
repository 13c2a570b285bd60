using System.Diagnostics;

namespace Pipeline.EventLog.Postgres;

/// <summary>What goes to PostgreSQL in one transaction: rows of several partitions and the appends that wait for them.</summary>
internal sealed class Flush
{
    /// <summary>Of marked traces (<see cref="TraceMark"/>) there may be as many again.</summary>
    private const int MaxTraces = 32;

    private readonly List<ActivityLink> _traces = [];

    public List<TopicBuffer> Topics { get; } = [];

    /// <summary>Where the first recorded appends come from, and the marked ones.</summary>
    public IReadOnlyList<ActivityLink> Traces => _traces;

    public List<PendingAppend> Appends { get; } = [];

    public int Bytes { get; set; }

    public int Records { get; set; }

    public bool IsEmpty => Appends.Count == 0;

    public void AddTrace(Activity? append)
    {
        if (append is { Recorded: true })
            TraceMark.AddLink(_traces, append.Context, MaxTraces);
    }

    /// <summary>Ends all open rows; nothing is added any more.</summary>
    public void Seal()
    {
        foreach (var topic in Topics)
        {
            topic.Topic.Pending = null;
            foreach (var buffer in topic.Used)
                buffer.Seal();
        }
    }

    /// <summary>Makes it ready for the next use. The rows' references must have been passed on or released.</summary>
    public void Clear()
    {
        foreach (var topic in Topics)
        {
            topic.Clear();
            topic.Topic.Spare.Push(topic);
        }

        Topics.Clear();
        Appends.Clear();
        _traces.Clear();
        Bytes = 0;
        Records = 0;
    }
}

/// <summary>A topic's part of a flush.</summary>
internal sealed class TopicBuffer
{
    private readonly LaneBuffer[] _lanes;

    public TopicBuffer(Topic topic)
    {
        Topic = topic;
        _lanes = [.. topic.Lanes.Select(l => new LaneBuffer(l))];
    }

    public Topic Topic { get; }

    /// <summary>The partitions that have records.</summary>
    public List<LaneBuffer> Used { get; } = [];

    public LaneBuffer this[int partition] => _lanes[partition];

    public LaneBuffer Use(int partition)
    {
        var buffer = _lanes[partition];
        if (buffer.Count == 0)
            Used.Add(buffer);
        return buffer;
    }

    public void Clear()
    {
        foreach (var buffer in Used)
            buffer.Clear();
        Used.Clear();
    }
}

/// <summary>A partition's part of a flush: rows that fill a page each.</summary>
internal sealed class LaneBuffer(Lane lane)
{
    /// <summary>The most bytes that a row may have beside its other columns and headers (44) to stay within the largest tuple of a page (8,160).</summary>
    private const int RowBytes = 8116;

    private int _start;
    private int _length;
    private int _count;

    public Lane Lane { get; } = lane;

    public List<Row> Rows { get; } = [];

    /// <summary>How many records there are.</summary>
    public int Count { get; private set; }

    /// <summary>The offset of the first record, once it is written.</summary>
    public long BaseOffset { get; set; }

    /// <summary>Adds a record and returns its place among those of this flush.</summary>
    public int Add(SlabPool pool, in NewRecord record, int size, long timestamp)
    {
        var room = Lane.Slab is null ? 0 : Lane.Slab.Bytes.Length - Lane.SlabUsed;
        if (_count > 0 && (_length + size > RowBytes || size > room))
            Seal();
        if (size > room)
        {
            Lane.Slab?.Release();
            Lane.Slab = Slab.Create(pool, Math.Max(size, Slab.Size));
            Lane.SlabUsed = 0;
        }

        if (_count == 0)
            _start = Lane.SlabUsed;
        RecordCodec.Write(Lane.Slab!.Bytes.AsSpan(Lane.SlabUsed, size), record, timestamp);
        Lane.SlabUsed += size;
        _length += size;
        _count++;
        return Count++;
    }

    public void Seal()
    {
        if (_count == 0)
            return;
        Lane.Slab!.AddReference();
        Rows.Add(new Row(Lane.Slab, _start, _length, _count));
        _length = 0;
        _count = 0;
    }

    /// <summary>Gives the rows' references back.</summary>
    public void Release()
    {
        foreach (var row in Rows)
            row.Slab.Release();
    }

    public void Clear()
    {
        Rows.Clear();
        Count = 0;
    }
}
