using MediatR;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.EventLog;
using Pipeline.Events.Contracts;
using Pipeline.Ingestion.Contracts;

namespace Pipeline.Events.Application;

/// <summary>
/// Joins the group, stores until everything is stored that waited at the start, and leaves. In mode <see cref="EventsMode.Continuous"/> it joins only where nobody else stores them.
/// </summary>
internal sealed class DrainUserEventsHandler(
    UserEventsSink sink, IUserEventStore store, IEventLog log, IOptions<EventsOptions> options, TimeProvider time, ILogger<DrainUserEventsHandler> logger)
    : IRequestHandler<DrainUserEvents, DrainedUserEvents>
{
    /// <summary>How long an idle member waits before it looks how far the others are.</summary>
    private static readonly TimeSpan _patience = TimeSpan.FromMilliseconds(250);

    /// <summary>How long positions may stand still before the members of the group are taken to be away.</summary>
    private static readonly TimeSpan _standstill = TimeSpan.FromSeconds(3);

    public async Task<DrainedUserEvents> Handle(DrainUserEvents request, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var ends = await EndOffsetsAsync(cancellationToken);
        var positions = await PositionsAsync(ends.Keys, cancellationToken);
        long events = 0, letters = 0;
        if (options.Value.Mode == EventsMode.Continuous)
            positions = await WaitForOthersAsync(ends, positions, cancellationToken);
        if (!Reached(ends, positions))
        {
            await using var member = await sink.JoinAsync(cancellationToken);
            do
            {
                if (await member.StoreNextAsync(_patience, cancellationToken) is { } stored)
                {
                    events += stored.Events;
                    letters += stored.DeadLetters;
                    foreach (var (partition, position) in stored.Positions)
                        positions[partition] = position;
                }
                else
                {
                    positions = await PositionsAsync(ends.Keys, cancellationToken);
                }
            }
            while (!Reached(ends, positions));
        }

        if (events + letters > 0)
            Log.Drained(logger, events, letters, (long)time.GetElapsedTime(started).TotalMilliseconds);
        return new DrainedUserEvents(events, letters, positions);
    }

    /// <summary>Where members of the group take events as they come, they are left to it as long as they get on: one more member would stop all of them for a moment.</summary>
    private async Task<Dictionary<int, long>> WaitForOthersAsync(Dictionary<int, long> ends, Dictionary<int, long> positions, CancellationToken cancellationToken)
    {
        var moved = time.GetTimestamp();
        while (!Reached(ends, positions) && time.GetElapsedTime(moved) < _standstill)
        {
            await Task.Delay(_patience, time, cancellationToken);
            var now = await PositionsAsync(ends.Keys, cancellationToken);
            if (now.Values.Sum() > positions.Values.Sum())
                moved = time.GetTimestamp();
            positions = now;
        }

        return positions;
    }

    private async Task<Dictionary<int, long>> EndOffsetsAsync(CancellationToken cancellationToken)
    {
        var topics = await log.GetTopicsAsync(cancellationToken);
        var topic = topics.FirstOrDefault(t => t.Name == Topics.UserEvents);
        return topic?.Partitions.ToDictionary(p => p.Partition, p => p.EndOffset) ?? [];
    }

    private async Task<Dictionary<int, long>> PositionsAsync(IReadOnlyCollection<int> partitions, CancellationToken cancellationToken)
    {
        var positions = await store.GetPositionsAsync(partitions, cancellationToken);
        return positions.ToDictionary(p => p.Key, p => p.Value.Next);
    }

    private static bool Reached(Dictionary<int, long> ends, Dictionary<int, long> positions) =>
        ends.All(e => positions.GetValueOrDefault(e.Key) >= e.Value);
}
