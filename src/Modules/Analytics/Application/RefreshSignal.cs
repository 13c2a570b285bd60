using System.Diagnostics;

namespace Pipeline.Analytics.Application;

/// <summary>
/// Tells the refresh loop of this process that orders landed: many landings before the loop looks are one signal. And keeps the landings' traces for
/// the refresh that brings them into the table, whoever asks for it.
/// </summary>
internal sealed class RefreshSignal
{
    private const int MaxLinks = 32;

    private readonly Lock _lock = new();
    private readonly List<ActivityLink> _causes = [];
    private TaskCompletionSource _landed = New();

    /// <summary>Notes a landing, and the trace that it is part of.</summary>
    public void Set()
    {
        lock (_lock)
        {
            if (Activity.Current is { Recorded: true } activity && _causes.Count < MaxLinks)
                _causes.Add(new ActivityLink(activity.Context));
            _landed.TrySetResult();
        }
    }

    /// <summary>Completes when there was a landing since the last <see cref="Take"/>.</summary>
    public Task WaitAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
            return _landed.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Takes the signal back.</summary>
    public void Take()
    {
        lock (_lock)
        {
            if (_landed.Task.IsCompleted)
                _landed = New();
        }
    }

    /// <summary>The traces of the landings that no refresh has brought into the table yet, the first ones of them.</summary>
    public IReadOnlyList<ActivityLink> GetCauses()
    {
        lock (_lock)
            return [.. _causes];
    }

    /// <summary>A refresh succeeded that had these causes.</summary>
    public void Forget(IReadOnlyList<ActivityLink> causes)
    {
        lock (_lock)
            _causes.RemoveAll(causes.Contains);
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
