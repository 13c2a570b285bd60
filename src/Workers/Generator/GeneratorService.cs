using Microsoft.Extensions.Options;

namespace Pipeline.Workers.Generator;

/// <summary>Runs the generator in a host, from the moment the host has started, and logs its trouble at most every 10 s.</summary>
internal sealed class GeneratorService(
    TrafficGenerator generator, IOptions<GeneratorOptions> options, GeneratorTarget target, IHostApplicationLifetime lifetime, TimeProvider time,
    ILogger<GeneratorService> logger) : BackgroundService
{
    private static readonly TimeSpan _reportInterval = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!await StartedAsync(stoppingToken))
            return;
        var url = target.Resolve() ?? options.Value.Url;
        var status = generator.Status;
        if (status.Rate.EventsPerSecond + status.Rate.OrdersPerSecond > 0)
            Log.GeneratorStarted(logger, status.RunId, url, status.Rate.EventsPerSecond, status.Rate.OrdersPerSecond, status.Seed);

        // The web server of the same process stops before this service is told to: no more traffic from the moment the host begins to stop.
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, lifetime.ApplicationStopping);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token);
        var reports = ReportAsync(ended.Token);
        await generator.RunAsync(url, stopping.Token);
        await ended.CancelAsync();
        await reports;

        status = generator.Status;
        Log.GeneratorEnded(
            logger, status.RunId, status.Events.Accepted, status.Orders.Accepted, status.Events.Rejected + status.Orders.Rejected,
            status.Events.Failed + status.Orders.Failed, status.Events.Skipped + status.Orders.Skipped);
    }

    /// <summary>The API answers only once the host has started: it may be in the same process.</summary>
    private async Task<bool> StartedAsync(CancellationToken stoppingToken)
    {
        var started = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var onStart = lifetime.ApplicationStarted.Register(() => started.TrySetResult(true));
        using var onStop = stoppingToken.Register(() => started.TrySetResult(false));
        return await started.Task;
    }

    private async Task ReportAsync(CancellationToken ended)
    {
        using var timer = new PeriodicTimer(_reportInterval, time);
        var (rejected, failed, skipped) = (0L, 0L, 0L);
        try
        {
            while (await timer.WaitForNextTickAsync(ended))
            {
                var status = generator.Status;
                var (r, f, s) = (
                    status.Events.Rejected + status.Orders.Rejected, status.Events.Failed + status.Orders.Failed,
                    status.Events.Skipped + status.Orders.Skipped);
                if (r + f + s > rejected + failed + skipped)
                    Log.GeneratorTroubled(logger, _reportInterval.TotalSeconds, r - rejected, f - failed, s - skipped, status.LastTrouble);
                (rejected, failed, skipped) = (r, f, s);
            }
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // The run has ended; its summary is logged by the caller.
        }
    }
}

/// <summary>Where the API is, when that is known only after the host has started.</summary>
internal sealed record GeneratorTarget(Func<Uri?> Resolve);
