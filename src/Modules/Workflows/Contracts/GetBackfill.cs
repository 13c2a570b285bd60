using MediatR;

namespace Pipeline.Workflows.Contracts;

/// <summary>Asks how far a backfill is. Its runs are those of <see cref="ListRuns"/> with its number.</summary>
/// <param name="Id">Its number.</param>
public sealed record GetBackfill(long Id) : IRequest<Outcome<BackfillDetails>>;
