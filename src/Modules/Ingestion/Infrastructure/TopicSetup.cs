using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Pipeline.EventLog;
using Pipeline.Ingestion.Contracts;

namespace Pipeline.Ingestion.Infrastructure;

/// <summary>Creates the topics before the host takes requests.</summary>
internal sealed class TopicSetup(IEventLog log, IOptions<IngestionOptions> options) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var settings = options.Value;
        var retention = new RetentionPolicy(
            settings.Retention > TimeSpan.Zero ? settings.Retention : null, settings.RetentionBytes > 0 ? settings.RetentionBytes : null);
        foreach (var topic in new[] { Topics.UserEvents, Topics.PurchasedItem })
        {
            await log.EnsureTopicAsync(new TopicDefinition(topic, settings.Partitions, retention), cancellationToken);
            await log.EnsureTopicAsync(new TopicDefinition(Topics.DeadLetter(topic), 1), cancellationToken);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
