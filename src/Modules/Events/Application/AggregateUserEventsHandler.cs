using MediatR;
using Microsoft.Extensions.Logging;
using Pipeline.Events.Contracts;

namespace Pipeline.Events.Application;

/// <summary>Counts what is stored but not counted.</summary>
internal sealed class AggregateUserEventsHandler(IUserEventStore store, TimeProvider time, ILogger<AggregateUserEventsHandler> logger)
    : IRequestHandler<AggregateUserEvents, AggregatedUserEvents>
{
    public async Task<AggregatedUserEvents> Handle(AggregateUserEvents request, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var events = await store.AggregateAsync(cancellationToken);
        if (events > 0)
        {
            EventsMetrics.Aggregated(events);
            Log.Aggregated(logger, events, (long)time.GetElapsedTime(started).TotalMilliseconds);
        }

        return new AggregatedUserEvents(events);
    }
}
