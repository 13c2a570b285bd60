using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pipeline.Workflows.Application.Engine;

namespace Pipeline.Workflows.Infrastructure;

/// <summary>Purges now and then. Of several processes each takes some of the runs.</summary>
internal sealed class PurgeWorker(RunPurger purger, TimeProvider time, ILogger<PurgeWorker> logger) : BackgroundService
{
    private static readonly TimeSpan _first = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan _interval = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        for (var pause = _first; !stoppingToken.IsCancellationRequested; pause = _interval)
        {
            await Task.Delay(pause, time, stoppingToken);
            try
            {
                await purger.PurgeAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (TransientException e)
            {
                Log.Retrying(logger, "Purge runs", e.Message);
            }
            catch (Exception e)
            {
                // Whatever it is, the next purge may find it mended.
                Log.LoopFailed(logger, e, "Purge runs", _interval.TotalSeconds);
            }
        }
    }
}
