using System.Diagnostics;

namespace Pipeline.Analytics.Application;

/// <summary>Tells the refresh loop of this process that orders landed. Many landings before the loop looks are one signal.</summary>
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

    /// <summary>Takes the signal back, with the traces of the landings behind it.</summary>
    public IReadOnlyList<ActivityLink> Take()
    {
        lock (_lock)
        {
            if (_landed.Task.IsCompleted)
                _landed = New();
            ActivityLink[] causes = [.. _causes];
            _causes.Clear();
            return causes;
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
