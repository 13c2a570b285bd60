namespace Pipeline;

/// <summary>Wakes one waiter; a set without a waiter is kept for the next one.</summary>
public sealed class Signal
{
    private TaskCompletionSource? _waiter;
    private int _set;

    /// <summary>Wakes the waiter, or the next one.</summary>
    public void Set()
    {
        if (Interlocked.Exchange(ref _set, 1) == 0)
            Interlocked.Exchange(ref _waiter, null)?.TrySetResult();
    }

    /// <summary>Returns when it is set or the time is over, and clears it.</summary>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public async ValueTask WaitAsync(TimeSpan timeout, TimeProvider time, CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _set, 0) == 1)
            return;
        var waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Interlocked.Exchange(ref _waiter, waiter);
        if (Volatile.Read(ref _set) == 0)
            await waiter.Task.WaitAsync(timeout, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Interlocked.Exchange(ref _waiter, null);
        Interlocked.Exchange(ref _set, 0);
        cancellationToken.ThrowIfCancellationRequested();
    }
}
