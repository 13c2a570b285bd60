using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.EventLog;
using Pipeline.Ingestion.Contracts;

namespace Pipeline.Events.Application;

/// <summary>Opens memberships of consumer group <see cref="Group"/>, by which the module takes user events from the log.</summary>
internal sealed class UserEventsSink(
    IEventLog log,
    IUserEventStore store,
    IServiceScopeFactory scopes,
    Retry retry,
    IOptions<EventsOptions> options,
    TimeProvider time,
    ILogger<UserEventsSink> logger)
{
    /// <summary>The consumer group of the module.</summary>
    public const string Group = "events";

    /// <summary>Joins the group. Topic UserEvents must exist; its dead-letter topic is created when missing.</summary>
    public async Task<SinkMember> JoinAsync(CancellationToken cancellationToken)
    {
        await EnsureDeadLetterTopicAsync(cancellationToken);
        var member = new SinkMember(store, scopes, retry, options.Value, time, logger);
        var definition = new ConsumerDefinition(Topics.UserEvents, Group, member, options.Value.MaxReadBytes);
        member.Attach(await log.SubscribeAsync(definition, cancellationToken));
        return member;
    }

    /// <summary>Whether topic UserEvents exists; ingestion creates it, with the partitions of its configuration.</summary>
    public async Task<bool> TopicExistsAsync(CancellationToken cancellationToken)
    {
        var topics = await log.GetTopicsAsync(cancellationToken);
        return topics.Any(t => t.Name == Topics.UserEvents);
    }

    private async Task EnsureDeadLetterTopicAsync(CancellationToken cancellationToken)
    {
        var name = DeadLetters.TopicOf(Topics.UserEvents);
        var topics = await log.GetTopicsAsync(cancellationToken);
        if (!topics.Any(t => t.Name == name))
            await log.EnsureTopicAsync(new TopicDefinition(name, 1), cancellationToken);
    }
}
