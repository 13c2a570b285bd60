using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.EventLog;
using Pipeline.Ingestion.Contracts;
using Pipeline.Purchases.Application;

namespace Pipeline.Purchases.Infrastructure;

/// <summary>A member of the group that lands orders, for as long as the host runs.</summary>
internal sealed class LandingConsumer(
    IEventLog log, LandingSink sink, IOptions<PurchasesOptions> options, TimeProvider time, ILogger<LandingConsumer> logger) : BackgroundService
{
    private static readonly TimeSpan _firstPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan _longestPause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan _topicPause = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var pause = _firstPause;
        IConsumer? consumer = null;
        try
        {
            while (true)
            {
                try
                {
                    consumer ??= await SubscribeAsync(stoppingToken);
                    await sink.StepAsync(consumer, stoppingToken);
                    pause = _firstPause;
                }
                catch (Exception e) when (e is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
                {
                    PurchasesTelemetry.Failures.Add(1);
                    if (e is TransientException)
                        Log.Retrying(logger, pause.TotalSeconds, e.Message);
                    else
                        Log.Stuck(logger, e, pause.TotalSeconds);
                    await Task.Delay(pause, time, stoppingToken);
                    pause = pause * 2 < _longestPause ? pause * 2 : _longestPause;
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            if (consumer is not null)
                await sink.StopAsync(consumer);
        }
        finally
        {
            if (consumer is not null)
                await consumer.DisposeAsync();
        }
    }

    /// <summary>Ingestion creates the topic, and may start later.</summary>
    private async Task<IConsumer> SubscribeAsync(CancellationToken cancellationToken)
    {
        for (var waits = 0; !(await log.GetTopicsAsync(cancellationToken)).Any(t => t.Name == Topics.PurchasedItem); waits++)
        {
            if (waits == 0)
                Log.WaitsForTopic(logger, Topics.PurchasedItem);
            await Task.Delay(_topicPause, time, cancellationToken);
        }

        return await log.SubscribeAsync(new ConsumerDefinition(Topics.PurchasedItem, options.Value.Group, sink), cancellationToken);
    }
}
