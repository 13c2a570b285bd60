using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pipeline.Ingestion.Application;

namespace Pipeline.Ingestion.Infrastructure;

/// <summary>Forgets idempotency keys after their window, a few at a time.</summary>
internal sealed class IdempotencyPurge(IIdempotencyStore keys, TimeProvider time, ILogger<IdempotencyPurge> logger) : BackgroundService
{
    private static readonly TimeSpan _interval = TimeSpan.FromMinutes(5);
    private const int BatchSize = 5_000;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(_interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                while (await keys.PurgeAsync(BatchSize, stoppingToken) == BatchSize)
                    stoppingToken.ThrowIfCancellationRequested();
            }
            catch (TransientException e)
            {
                Log.PurgeDelayed(logger, e.Message);
            }
        }
    }
}
