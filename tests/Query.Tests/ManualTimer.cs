namespace Pipeline.Query.Tests;

/// <summary>The real time, whose timers of a certain length go off when they are told to.</summary>
internal sealed class ManualTimer : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<Timer> _timers = [];

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        lock (_lock)
        {
            var timer = new Timer(() => callback(state), dueTime);
            _timers.Add(timer);
            return timer;
        }
    }

    /// <summary>Lets all timers go off that were set to a length of time.</summary>
    public void Fire(TimeSpan length)
    {
        List<Timer> due;
        lock (_lock)
            due = [.. _timers.Where(t => t.Due == length)];
        Assert.NotEmpty(due);
        due.ForEach(t => t.Fire());
    }

    private sealed class Timer(Action callback, TimeSpan due) : ITimer
    {
        public TimeSpan Due { get; private set; } = due;

        public void Fire()
        {
            Due = Timeout.InfiniteTimeSpan;
            callback();
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Due = dueTime;
            return true;
        }

        public void Dispose() => Due = Timeout.InfiniteTimeSpan;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
