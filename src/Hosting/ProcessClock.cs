namespace Pipeline.Hosting;

/// <summary>Since when this process runs.</summary>
internal sealed class ProcessClock(TimeProvider time)
{
    public TimeSpan Uptime => time.GetUtcNow() - Started();

    private static DateTimeOffset Started()
    {
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        return process.StartTime;
    }
}
