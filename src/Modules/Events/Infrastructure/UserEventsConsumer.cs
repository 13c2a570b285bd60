using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Events.Application;
using Pipeline.Events.Contracts;

namespace Pipeline.Events.Infrastructure;

/// <summary>In mode <see cref="EventsMode.Continuous"/>: stores and counts events as they come, for as long as the host runs.</summary>
internal sealed class UserEventsConsumer(
    UserEventsSink sink, Retry retry, IOptions<EventsOptions> options, TimeProvider time, ILogger<UserEventsConsumer> logger)
    : BackgroundService
{
    private static readonly TimeSpan _idleWait = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan _firstTopicPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan _longestTopicPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _pauseAfterFailure = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Value.Mode != EventsMode.Continuous)
            return;
        try
        {
            await WaitForTopicAsync(stoppingToken);
            while (true)
            {
                try
                {
                    await ConsumeAsync(stoppingToken);
                }
                catch (Exception e) when (e is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
                {
                    // Nothing is lost, the log keeps it; but it will not pass by itself.
                    EventsMetrics.Retried("Consume user events");
                    Log.ConsumerFailed(logger, e, (int)_pauseAfterFailure.TotalSeconds);
                    await Task.Delay(_pauseAfterFailure, time, stoppingToken);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            Log.ConsumerStopped(logger);
        }
    }

    private async Task WaitForTopicAsync(CancellationToken cancellationToken)
    {
        for (var pause = _firstTopicPause; ; pause = pause * 2 < _longestTopicPause ? pause * 2 : _longestTopicPause)
        {
            if (await retry.RunAsync(sink.TopicExistsAsync, "Look for topic UserEvents", cancellationToken))
                return;
            await Task.Delay(pause, time, cancellationToken);
        }
    }

    private async Task ConsumeAsync(CancellationToken cancellationToken)
    {
        await using var member = await retry.RunAsync(sink.JoinAsync, "Join consumer group events", cancellationToken);
        while (true)
        {
            var started = time.GetTimestamp();
            if (await member.StoreNextAsync(_idleWait, cancellationToken) is null)
                continue;

            // The wait for records counts: after a quiet time there is no pause to make up for.
            var pause = Interval(options.Value.CommitInterval, member.Busy) - time.GetElapsedTime(started);
            if (pause > TimeSpan.Zero && !member.Full)
                await Task.Delay(pause, time, cancellationToken);
        }
    }

    /// <summary>
    /// The time between transactions: the slower they get, as when the machine is busy, the more each shall carry, since each count is written once a transaction
    /// however many events it stands for. At most three times what is configured.
    /// </summary>
    internal static TimeSpan Interval(TimeSpan configured, TimeSpan busy) =>
        busy * 3 <= configured ? configured : busy < configured ? busy * 3 : configured * 3;
}
