using MediatR;

namespace Pipeline.Workflows.Contracts;

/// <summary>Cancels all runs of a backfill that have not ended.</summary>
/// <param name="Id">Its number.</param>
public sealed record CancelBackfill(long Id) : IRequest<Outcome<BackfillDetails>>;
