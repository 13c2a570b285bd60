using MediatR;

namespace Pipeline.Events.Contracts;

/// <summary>
/// Adds the events that are stored but not counted yet to the counts per user and event name, each exactly once, also across crashes. Does nothing where
/// all are counted.
/// </summary>
public sealed record AggregateUserEvents : IRequest<AggregatedUserEvents>;

/// <summary>What an <see cref="AggregateUserEvents"/> did.</summary>
/// <param name="Events">How many events were counted.</param>
public sealed record AggregatedUserEvents(long Events);
