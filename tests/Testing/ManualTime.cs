namespace Pipeline.Testing;

/// <summary>Real timers, a clock that stands still until it is put forward.</summary>
public sealed class ManualTime : TimeProvider
{
    private readonly DateTimeOffset _start = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);
    private long _ahead;

    /// <summary>Puts the clock forward.</summary>
    public void Advance(TimeSpan by) => Interlocked.Add(ref _ahead, by.Ticks);

    /// <inheritdoc />
    public override DateTimeOffset GetUtcNow() => _start.AddTicks(Interlocked.Read(ref _ahead));
}
