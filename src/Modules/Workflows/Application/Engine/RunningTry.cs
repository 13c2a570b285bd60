namespace Pipeline.Workflows.Application.Engine;

/// <summary>Why a try is asked to stop.</summary>
internal enum StopReason
{
    /// <summary>It is not.</summary>
    None,

    /// <summary>The run was cancelled or took too long.</summary>
    RunStops,

    /// <summary>The host stops: the task is given back.</summary>
    HostStops,

    /// <summary>Another worker has the task, or may have it.</summary>
    LeaseLost,
}

/// <summary>A try that this process works on.</summary>
internal sealed class RunningTry(ClaimedTask task, TimeProvider time) : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private StopReason _reason;
    private bool _disposed;

    public ClaimedTask Task { get; } = task;

    public TryKey Key => Task.Key;

    public TryLog Log { get; } = new(time);

    /// <summary>Cancelled when the try is to stop.</summary>
    public CancellationToken Token => _stop.Token;

    /// <summary>Why; the first reason stays.</summary>
    public StopReason Reason
    {
        get
        {
            lock (_lock)
                return _reason;
        }
    }

    /// <summary>When the lease was last known to be good; a timestamp of the clock.</summary>
    public long LeaseSeen { get; set; } = time.GetTimestamp();

    /// <summary>Asks the try to stop.</summary>
    public void Stop(StopReason reason)
    {
        lock (_lock)
        {
            if (_reason != StopReason.None || _disposed)
                return;
            _reason = reason;

            // On another thread, as what listens to the token may take its time.
            _ = _stop.CancelAsync();
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            if (_reason == StopReason.None)
                _stop.Dispose();
        }
    }
}
