using System.Collections.Concurrent;
using System.Diagnostics;

namespace Pipeline.Testing;

/// <summary>Keeps the ended spans of some sources of this process, also those that tests beside it cause.</summary>
public sealed class SpanRecorder : IDisposable
{
    private readonly ConcurrentQueue<Activity> _ended = new();
    private readonly ActivitySource _own = new($"tests-{Guid.NewGuid():N}");
    private readonly ActivityListener _listener;

    /// <summary>Listens from now on.</summary>
    /// <param name="sources">The names of the sources.</param>
    public SpanRecorder(params string[] sources)
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = s => s == _own || sources.Contains(s.Name),
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = _ended.Enqueue,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    /// <summary>The spans that ended so far.</summary>
    public IReadOnlyList<Activity> Ended => [.. _ended];

    /// <summary>Starts a span of the test's own, in a trace of its own.</summary>
    public Activity StartTrace(string name)
    {
        Activity.Current = null;
        return _own.StartActivity(name) ?? throw new InvalidOperationException("Nobody listens to the test's own source.");
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _listener.Dispose();
        _own.Dispose();
    }
}
