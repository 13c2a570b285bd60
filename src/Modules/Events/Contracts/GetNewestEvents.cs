using MediatR;

namespace Pipeline.Events.Contracts;

/// <summary>Asks for the events that came in last, whatever time they say they happened at, stored or not yet: the end of the log. Costs the same however many there are.</summary>
/// <param name="Limit">The most events, 1 to 1,000.</param>
public sealed record GetNewestEvents(int Limit = 50) : IRequest<IReadOnlyList<NewestEvent>>;

/// <summary>An event as it came in.</summary>
/// <param name="ReceivedAt">When it was appended to the log.</param>
/// <param name="Event">The event.</param>
public sealed record NewestEvent(DateTimeOffset ReceivedAt, StoredUserEvent Event);
