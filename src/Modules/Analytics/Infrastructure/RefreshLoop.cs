using MediatR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Analytics.Application;
using Pipeline.Analytics.Contracts;

namespace Pipeline.Analytics.Infrastructure;

/// <summary>
/// Refreshes <c>repeat_purchases</c> every <see cref="AnalyticsOptions.RefreshInterval"/>, and <see cref="AnalyticsOptions.MinRefreshInterval"/> after
/// the last time where orders landed in this process. Of several processes one refreshes at a time; the others find nothing to do.
/// </summary>
internal sealed class RefreshLoop(
    IServiceScopeFactory scopes, RefreshSignal signal, IOptions<AnalyticsOptions> options, TimeProvider time, ILogger<RefreshLoop> logger) : BackgroundService
{
    /// <summary>The pause is at least so many times the refresh, so that a large lake does not keep the machine busy with nothing else.</summary>
    private const int LeastRest = 4;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The rest comes first: a host that starts has other work to do.
        var elapsed = TimeSpan.Zero;
        while (!stoppingToken.IsCancellationRequested)
        {
            await RestAsync(elapsed, stoppingToken);
            signal.Take();
            var started = time.GetTimestamp();
            await RefreshAsync(stoppingToken);
            elapsed = time.GetElapsedTime(started);
        }
    }

    private async Task RefreshAsync(CancellationToken stoppingToken)
    {
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            await scope.ServiceProvider.GetRequiredService<IMediator>().Send(new RefreshRepeatPurchases(Wait: false), stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            throw;
        }
        catch (TransientException e)
        {
            AnalyticsMetrics.RefreshFailed();
            Log.RefreshDelayed(logger, e.Message);
        }
        catch (Exception e)
        {
            // Whatever it is, the next refresh may find it mended; until then the old rows stay.
            AnalyticsMetrics.RefreshFailed();
            Log.RefreshFailed(logger, e);
        }
    }

    private async Task RestAsync(TimeSpan elapsed, CancellationToken stoppingToken)
    {
        var least = Longer(options.Value.MinRefreshInterval, elapsed * LeastRest);
        await Task.Delay(least, time, stoppingToken);
        var rest = options.Value.RefreshInterval - least;
        if (rest <= TimeSpan.Zero)
            return;

        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        await Task.WhenAny(signal.WaitAsync(waiting.Token), Task.Delay(rest, time, waiting.Token));
        await waiting.CancelAsync();
        stoppingToken.ThrowIfCancellationRequested();
    }

    private static TimeSpan Longer(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
