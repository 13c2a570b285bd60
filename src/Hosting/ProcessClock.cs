namespace Pipeline.Hosting;

/// <summary>Since when this process runs.</summary>
internal sealed class ProcessClock(TimeProvider time)
{
    private readonly long _started = time.GetTimestamp();

    public TimeSpan Uptime => time.GetElapsedTime(_started);
}
