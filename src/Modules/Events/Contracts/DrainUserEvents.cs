using MediatR;

namespace Pipeline.Events.Contracts;

/// <summary>
/// Stores all that waits in topic UserEvents: up to the end offsets at the start of the call. Shares the work with other workers of the group and completes
/// when all of it is stored.
/// </summary>
public sealed record DrainUserEvents : IRequest<DrainedUserEvents>;

/// <summary>What a <see cref="DrainUserEvents"/> did.</summary>
/// <param name="Events">Events that this worker stored.</param>
/// <param name="DeadLetters">Records that this worker put into the dead-letter topic.</param>
/// <param name="Positions">Per partition the position up to which everything is stored.</param>
public sealed record DrainedUserEvents(long Events, long DeadLetters, IReadOnlyDictionary<int, long> Positions);
