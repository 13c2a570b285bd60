using MediatR;

namespace Pipeline.Workflows.Contracts;

/// <summary>
/// Runs again what failed, was cancelled or never reached in a run that has ended. It keeps its number, its version and what its other tasks left.
/// </summary>
/// <param name="Id">The run.</param>
public sealed record RetryRun(long Id) : IRequest<Outcome<RunSummary>>;
