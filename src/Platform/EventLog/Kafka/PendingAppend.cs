using System.Collections.Concurrent;
using System.Diagnostics;
using System.Threading.Tasks.Sources;

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

/// <summary>
/// An append that waits for its records to be acknowledged, reused for the next one when both the caller has its result and all records are reported.
/// </summary>
internal sealed class PendingAppend : IValueTaskSource<RecordPosition>, IValueTaskSource
{
    private const int Waiting = 0;
    private const int Decided = 1;
    private const int LargestKept = 4_096;

    private readonly AppendPool _pool;
    private readonly PendingRecord _single = new();
    private ManualResetValueTaskSourceCore<RecordPosition> _core;
    private CancellationTokenRegistration _registration;
    private CancellationToken _cancellationToken;
    private Memory<RecordPosition> _positions;
    private RecordPosition[] _delivered = new RecordPosition[1];
    private Exception? _failure;
    private int _count;
    private int _unreported;
    private int _state = Decided;
    private int _holders;

    public PendingAppend(AppendPool pool)
    {
        _pool = pool;

        // Whoever waits answers a client; done one after the other on the producer's thread, the next report would wait for all of them.
        _core.RunContinuationsAsynchronously = true;
    }

    public short Version => _core.Version;

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
        _cancellationToken = cancellationToken;
        _failure = null;
        if (_delivered.Length < count)
            _delivered = new RecordPosition[count];

        // One more until all records are handed over, so that reports of the first ones do not end it.
        _unreported = count + 1;
        _holders = 2;
        Volatile.Write(ref _state, Waiting);
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
    public void HandedOver(int missing = 0)
    {
        if (missing > 0)
            Interlocked.Add(ref _unreported, -missing);
        Report();
        if (!_cancellationToken.CanBeCanceled)
            return;
        _registration = _cancellationToken.UnsafeRegister(static (self, token) => ((PendingAppend)self!).Cancel(token), this);
    }

    /// <summary>The producer is gone: nobody will report any more.</summary>
    public void Abandon(Exception error)
    {
        if (Interlocked.Exchange(ref _state, Decided) == Waiting)
            _core.SetException(error);
    }

    RecordPosition IValueTaskSource<RecordPosition>.GetResult(short token) => GetResult(token);

    void IValueTaskSource.GetResult(short token) => GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<RecordPosition>.GetStatus(short token) => _core.GetStatus(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<RecordPosition>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    private void Report()
    {
        if (Interlocked.Decrement(ref _unreported) != 0)
            return;
        if (Interlocked.Exchange(ref _state, Decided) == Waiting)
        {
            // A caller that gave up may use its positions for something else by now, so they are written here only.
            _delivered.AsSpan(0, Math.Min(_count, _positions.Length)).CopyTo(_positions.Span);
            if (_failure is { } failure)
                _core.SetException(failure);
            else
                _core.SetResult(_delivered[0]);
        }

        Release();
    }

    private void Cancel(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _state, Decided) == Waiting)
            _core.SetException(new OperationCanceledException(cancellationToken));
    }

    private RecordPosition GetResult(short token)
    {
        if (_core.GetStatus(token) == ValueTaskSourceStatus.Pending)
            throw new InvalidOperationException("The append is not done; await it.");
        try
        {
            return _core.GetResult(token);
        }
        finally
        {
            // Waits for a cancellation that runs right now, so that it does not hit the next use.
            _registration.Dispose();
            Release();
        }
    }

    private void Release()
    {
        if (Interlocked.Decrement(ref _holders) != 0)
            return;
        _core.Reset();
        _positions = default;
        _registration = default;
        _cancellationToken = default;
        _failure = null;
        _single.Value = [];
        if (_delivered.Length > LargestKept)
            _delivered = new RecordPosition[1];
        _pool.Return(this);
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
