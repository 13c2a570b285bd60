using System.Threading.Tasks.Sources;

namespace Pipeline.EventLog;

/// <summary>What an append's <c>ValueTask</c> waits on, reused for the next append when both the caller has its result and the writer is done with it.</summary>
internal abstract class AppendTask : IValueTaskSource<RecordPosition>, IValueTaskSource
{
    private const int Waiting = 0;
    private const int Decided = 1;

    private ManualResetValueTaskSourceCore<RecordPosition> _core;
    private CancellationTokenRegistration _registration;
    private CancellationToken _cancellationToken;
    private int _state = Decided;
    private int _holders;

    protected AppendTask()
    {
        // Whoever waits answers a client; done one after the other on the writer's thread, the next round would wait for all of them.
        _core.RunContinuationsAsynchronously = true;
    }

    /// <summary>The token of the <c>ValueTask</c> of this use.</summary>
    public short Version => _core.Version;

    /// <summary>Lets a cancellation end the wait; called when no lock is held, as it may end at once, and before the caller has its task.</summary>
    public void RegisterCancellation()
    {
        if (_cancellationToken.CanBeCanceled)
            _registration = _cancellationToken.UnsafeRegister(static (self, token) => ((AppendTask)self!).Cancel(token), this);
    }

    RecordPosition IValueTaskSource<RecordPosition>.GetResult(short token) => GetResult(token);

    void IValueTaskSource.GetResult(short token) => GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<RecordPosition>.GetStatus(short token) => _core.GetStatus(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<RecordPosition>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    /// <summary>Begins a use: the caller and the writer hold it, and each releases it once.</summary>
    protected void Begin(CancellationToken cancellationToken)
    {
        _cancellationToken = cancellationToken;
        _holders = 2;
        Volatile.Write(ref _state, Waiting);
    }

    /// <summary>True for the one who may say how it ended; somebody else did before, or the caller gave up.</summary>
    protected bool TryDecide() => Interlocked.Exchange(ref _state, Decided) == Waiting;

    /// <summary>Ends the wait; after <see cref="TryDecide"/>.</summary>
    protected void SetResult(RecordPosition position) => _core.SetResult(position);

    /// <summary>Ends the wait; after <see cref="TryDecide"/>.</summary>
    protected void SetException(Exception error) => _core.SetException(error);

    /// <summary>One of the two is done with it.</summary>
    protected void Release()
    {
        if (Interlocked.Decrement(ref _holders) != 0)
            return;
        _core.Reset();
        _registration = default;
        _cancellationToken = default;
        Recycle();
    }

    /// <summary>Forgets what the use was about, and makes it free for the next one.</summary>
    protected abstract void Recycle();

    private void Cancel(CancellationToken cancellationToken)
    {
        if (TryDecide())
            SetException(new OperationCanceledException(cancellationToken));
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
}
