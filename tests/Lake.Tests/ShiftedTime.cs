namespace Pipeline.Lake.Tests;

/// <summary>A clock that is ahead of the system's by what a test wants.</summary>
internal sealed class ShiftedTime(TimeSpan shift) : TimeProvider
{
    public TimeSpan Shift { get; set; } = shift;

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Shift;
}
