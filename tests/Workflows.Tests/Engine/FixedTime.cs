namespace Pipeline.Workflows.Tests.Engine;

/// <summary>A clock that a test sets; timers go by the real one.</summary>
internal sealed class FixedTime(DateTimeOffset now) : TimeProvider
{
    public DateTimeOffset Now { get; set; } = now;

    public override DateTimeOffset GetUtcNow() => Now;
}
