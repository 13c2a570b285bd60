using System.Collections.Concurrent;
using System.Threading.Tasks.Sources;
using Pipeline.Postgres;

namespace Pipeline.EventLog.Postgres;

/// <summary>
/// An append that waits to be durable, reused for the next one when both the caller has its result and the writer is done with it.
/// </summary>
internal sealed class PendingAppend : IValueTaskSource<RecordPosition>, IValueTaskSource
{
    private const int Waiting = 0;
    private const int Decided = 1;

    private readonly AppendPool _pool;
    private ManualResetValueTaskSourceCore<RecordPosition> _core;
    private CancellationTokenRegistration _registration;
    private CancellationToken _cancellationToken;
    private LaneBuffer? _lane;
    private TopicBuffer? _topic;
    private int _relative;
    private Memory<RecordPosition> _positions;
    private int _state;
    private int _holders;

    public PendingAppend(AppendPool pool)
    {
        _pool = pool;

        // Whoever waits answers a client; done one after the other on the writer's thread, the next flush would wait for all of them.
        _core.RunContinuationsAsynchronously = true;
    }

    public short Version => _core.Version;

    /// <summary>Waits for one record.</summary>
    public void Start(LaneBuffer lane, int relative, CancellationToken cancellationToken)
    {
        _lane = lane;
        _relative = relative;
        Start(cancellationToken);
    }

    /// <summary>Waits for several records, whose positions hold the place in the flush for now.</summary>
    public void Start(TopicBuffer topic, Memory<RecordPosition> positions, CancellationToken cancellationToken)
    {
        _topic = topic;
        _positions = positions;
        Start(cancellationToken);
    }

    /// <summary>Lets a cancellation end the wait; called when no lock is held, as it may end at once.</summary>
    public void RegisterCancellation()
    {
        if (!_cancellationToken.CanBeCanceled)
            return;
        var registration = _cancellationToken.UnsafeRegister(static (self, token) => ((PendingAppend)self!).Cancel(token), this);
        _registration = registration;
    }

    /// <summary>The records are durable.</summary>
    public void Complete()
    {
        if (Interlocked.Exchange(ref _state, Decided) == Waiting)
        {
            if (_lane is { } lane)
            {
                _core.SetResult(new RecordPosition(lane.Lane.Partition, lane.BaseOffset + _relative));
            }
            else
            {
                foreach (ref var position in _positions.Span)
                    position = position with { Offset = _topic![position.Partition].BaseOffset + position.Offset };
                _core.SetResult(default);
            }
        }

        Release();
    }

    /// <summary>The records could not be written, or it is not known whether they were.</summary>
    public void Fail(Exception cause)
    {
        if (Interlocked.Exchange(ref _state, Decided) == Waiting)
        {
            var message = $"Append to topic {(_topic?.Topic ?? _lane!.Lane.Topic).Name}: {cause.Message}";
            _core.SetException(PostgresErrors.IsTransient(cause) ? new TransientException(message, cause) : new TerminalException(message, cause));
        }

        Release();
    }

    RecordPosition IValueTaskSource<RecordPosition>.GetResult(short token) => GetResult(token);

    void IValueTaskSource.GetResult(short token) => GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<RecordPosition>.GetStatus(short token) => _core.GetStatus(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<RecordPosition>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    private void Start(CancellationToken cancellationToken)
    {
        _cancellationToken = cancellationToken;
        _state = Waiting;
        _holders = 2;
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
        _lane = null;
        _topic = null;
        _positions = default;
        _registration = default;
        _cancellationToken = default;
        _pool.Return(this);
    }
}

/// <summary>Keeps the objects of finished appends for the next ones.</summary>
internal sealed class AppendPool
{
    private const int Capacity = 1024;

    private readonly ConcurrentQueue<PendingAppend> _free = new();
    private int _count;

    public PendingAppend Rent()
    {
        if (!_free.TryDequeue(out var append))
            return new PendingAppend(this);
        Interlocked.Decrement(ref _count);
        return append;
    }

    public void Return(PendingAppend append)
    {
        if (Interlocked.Increment(ref _count) <= Capacity)
            _free.Enqueue(append);
        else
            Interlocked.Decrement(ref _count);
    }
}
