using MediatR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Events.Application;
using Pipeline.Events.Contracts;

namespace Pipeline.Events.Infrastructure;

/// <summary>In mode <see cref="EventsMode.Scheduled"/>: at each multiple of the interval stores all that waits, then counts it.</summary>
internal sealed class UserEventsSchedule(
    IServiceScopeFactory scopes, Retry retry, IOptions<EventsOptions> options, TimeProvider time, ILogger<UserEventsSchedule> logger)
    : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Value.Mode != EventsMode.Scheduled)
            return;
        try
        {
            while (true)
            {
                await Task.Delay(UntilNextRun(time.GetUtcNow()), time, stoppingToken);
                await RunAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            Log.ConsumerStopped(logger);
        }
    }

    /// <summary>How long it is from now to the next multiple of the interval; never 0.</summary>
    internal TimeSpan UntilNextRun(DateTimeOffset now)
    {
        var interval = options.Value.Interval.Ticks;
        return TimeSpan.FromTicks(interval - ((now - DateTimeOffset.UnixEpoch).Ticks % interval));
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var mediator = scope.ServiceProvider.GetRequiredService<IMediator>();
            await retry.RunAsync(token => mediator.Send(new DrainUserEvents(), token), "Drain user events", cancellationToken);
            await retry.RunAsync(token => mediator.Send(new AggregateUserEvents(), token), "Count user events", cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            // Nothing is lost; the next run takes it.
            Log.RunFailed(logger, e, options.Value.Interval);
        }
    }
}
