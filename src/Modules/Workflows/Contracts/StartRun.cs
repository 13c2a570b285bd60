using MediatR;

namespace Pipeline.Workflows.Contracts;

/// <summary>Starts a run of a workflow by hand.</summary>
/// <param name="Workflow">The workflow.</param>
/// <param name="Params">Its parameters by name; those left out take their defaults.</param>
/// <param name="LogicalDate">The moment that the run is for; now when left out.</param>
public sealed record StartRun(string Workflow, IReadOnlyDictionary<string, string>? Params = null, DateTimeOffset? LogicalDate = null)
    : IRequest<Outcome<RunSummary>>;
