using MediatR;

namespace Pipeline.Workflows.Contracts;

/// <summary>Ends a run early. Tasks that run are told to stop, which the run waits for.</summary>
/// <param name="Id">The run.</param>
public sealed record CancelRun(long Id) : IRequest<Outcome<RunSummary>>;
