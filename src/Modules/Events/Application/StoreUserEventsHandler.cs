using MediatR;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.EventLog;
using Pipeline.Events.Contracts;
using Pipeline.Events.Domain;
using Pipeline.Ingestion.Contracts;

namespace Pipeline.Events.Application;

/// <summary>Parses a batch, puts aside what is no event, stores the rest with the position, then tells the other modules.</summary>
internal sealed class StoreUserEventsHandler(
    IUserEventStore store,
    DeadLetterWriter deadLetters,
    IMediator mediator,
    IOptions<EventsOptions> options,
    TimeProvider time,
    ILogger<StoreUserEventsHandler> logger)
    : IRequestHandler<StoreUserEvents, StoredUserEvents>
{
    private static readonly StoredUserEvents _fenced = new(true, 0, 0, new Dictionary<int, long>());

    public async Task<StoredUserEvents> Handle(StoreUserEvents request, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        using var events = new EventBatch(request.Batches.Sum(b => b.Count), request.Batches.Sum(b => b.Data.Length));
        var letters = new List<DeadLetter>();
        Parse(request, events, letters);

        // Before the position moves: a crash in between repeats letters, the other order would lose them.
        await deadLetters.WriteAsync(letters, cancellationToken);
        if (!await store.StoreAsync(events, options.Value.Mode == EventsMode.Continuous, cancellationToken))
            return _fenced;

        EventsMetrics.Stored(events.Count, time.GetElapsedTime(started));
        var positions = events.Ranges.ToDictionary(r => r.Partition, r => r.Next);
        if (events.Count > 0)
            await PublishAsync(new UserEventsStored(events.Count, [.. positions.Keys]), cancellationToken);
        return new StoredUserEvents(false, events.Count, letters.Count, positions);
    }

    private static void Parse(StoreUserEvents request, EventBatch events, List<DeadLetter> letters)
    {
        var parser = new UserEventParser();
        var positions = new Dictionary<int, long>(request.Positions);
        foreach (var batch in request.Batches)
        {
            if (!positions.TryGetValue(batch.Partition, out var position))
                throw new TerminalException($"Store user events of partition {batch.Partition}: its position is not given.");
            foreach (var record in batch)
            {
                // A log may give whole stored batches and so begin before what was asked for.
                if (record.Offset < position)
                    continue;
                if (!parser.TryParse(record.Value, batch.Partition, record.Offset, events, out var reason))
                    letters.Add(new DeadLetter(batch.Partition, record.Offset, reason, DeadLetters.Create(Topics.UserEvents, batch.Partition, record, reason)));
            }

            if (batch.NextOffset <= position)
                continue;
            events.Cover(new PartitionRange(batch.Partition, position, batch.NextOffset));
            positions[batch.Partition] = batch.NextOffset;
        }
    }

    private async Task PublishAsync(UserEventsStored notification, CancellationToken cancellationToken)
    {
        try
        {
            await mediator.Publish(notification, cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // What a listener does with the news cannot undo the commit.
            Log.NotificationFailed(logger, e, notification.Count);
        }
    }
}
