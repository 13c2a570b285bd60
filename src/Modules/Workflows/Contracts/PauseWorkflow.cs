using MediatR;

namespace Pipeline.Workflows.Contracts;

/// <summary>Pauses a workflow's schedule. Runs that were made go on, and runs can be started by hand.</summary>
/// <param name="Name">The workflow.</param>
public sealed record PauseWorkflow(string Name) : IRequest<Outcome<WorkflowDetails>>;
