using Microsoft.Extensions.Hosting;

namespace Pipeline.Hosting;

/// <summary>Gives freed native memory back to the system now and then, so that an hour of load does not leave its high-water mark behind.</summary>
internal sealed class HeapTrimmer(TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan _interval = TimeSpan.FromSeconds(30);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(_interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
            HeapArenas.Trim();
    }
}
