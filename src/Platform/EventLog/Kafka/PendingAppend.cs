using System.Collections.Concurrent;
using System.Diagnostics;

namespace Pipeline.EventLog.Kafka;

/// <summary>One record of an append on its way: what the producer carries, and gets back with the delivery report.</summary>
internal sealed class PendingRecord
{
    public PendingAppend Append { get; set; } = null!;

    /// <summary>Its place in the append.</summary>
    public int Index { get; set; }

    public byte[] Value { get; set; } = [];

    /// <summary>What it counts for among what waits.</summary>
    public int Bytes { get; set; }
}

/// <summary>An append that waits for its records to be acknowledged.</summary>
internal sealed class PendingAppend(AppendPool pool) : AppendTask
{
    private const int LargestKept = 4_096;

    private readonly PendingRecord _single = new();
    private Memory<RecordPosition> _positions;
    private RecordPosition[] _delivered = new RecordPosition[1];
    private Exception? _failure;
    private int _count;
    private int _unreported;

    /// <summary>The topic.</summary>
    public string Topic { get; private set; } = "";

    /// <summary>When it was called.</summary>
    public long Started { get; private set; }

    /// <summary>The caller's trace, where it is recorded.</summary>
    public ActivityContext Trace { get; private set; }

    /// <summary>Waits for so many records.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="count">How many records follow.</param>
    /// <param name="positions">Takes their positions; empty where there is one record whose position is the result.</param>
    /// <param name="started">The time.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public void Start(string topic, int count, Memory<RecordPosition> positions, long started, CancellationToken cancellationToken)
    {
        Topic = topic;
        Started = started;
        Trace = Activity.Current is { Recorded: true } activity ? activity.Context : default;
        _count = count;
        _positions = positions;
        _failure = null;
        if (_delivered.Length < count)
            _delivered = new RecordPosition[count];

        // One more until all records are handed over, so that reports of the first ones do not end it.
        _unreported = count + 1;
        Begin(cancellationToken);
    }

    /// <summary>What carries a record.</summary>
    public PendingRecord Record(int index)
    {
        var record = _count == 1 ? _single : new PendingRecord();
        record.Append = this;
        record.Index = index;
        return record;
    }

    /// <summary>A record is in the log.</summary>
    public void Delivered(int index, RecordPosition position)
    {
        _delivered[index] = position;
        Report();
    }

    /// <summary>A record is not in the log, or it is not known whether it is.</summary>
    public void Failed(Exception error)
    {
        // Of several, the one that says the most.
        if (error is TransientException { MayYetHappen: true })
            Volatile.Write(ref _failure, error);
        else
            Interlocked.CompareExchange(ref _failure, error, null);
        Report();
    }

    /// <summary>All records were handed over, but for those that could not be.</summary>
    public void HandedOver()
    {
        Report();
        RegisterCancellation();
    }

    /// <summary>The producer is gone: nobody will report any more.</summary>
    public void Abandon(Exception error)
    {
        if (TryDecide())
            SetException(error);
    }

    protected override void Recycle()
    {
        _positions = default;
        _failure = null;
        _single.Value = [];
        if (_delivered.Length > LargestKept)
            _delivered = new RecordPosition[1];
        pool.Return(this);
    }

    private void Report()
    {
        if (Interlocked.Decrement(ref _unreported) != 0)
            return;
        if (TryDecide())
        {
            // A caller that gave up may use its positions for something else by now, so they are written here only.
            _delivered.AsSpan(0, Math.Min(_count, _positions.Length)).CopyTo(_positions.Span);
            if (_failure is { } failure)
                SetException(failure);
            else
                SetResult(_delivered[0]);
        }

        Release();
    }
}

/// <summary>Keeps the objects of finished appends for the next ones, and knows all that are under way.</summary>
internal sealed class AppendPool
{
    private readonly ConcurrentQueue<PendingAppend> _free = new();
    private readonly Lock _lock = new();
    private readonly List<PendingAppend> _all = [];

    public PendingAppend Rent()
    {
        if (_free.TryDequeue(out var append))
            return append;
        append = new PendingAppend(this);
        lock (_lock)
            _all.Add(append);
        return append;
    }

    public void Return(PendingAppend append) => _free.Enqueue(append);

    /// <summary>Ends the wait of all that are under way.</summary>
    public void Abandon(Exception error)
    {
        lock (_lock)
        {
            foreach (var append in _all)
                append.Abandon(error);
        }
    }
}
