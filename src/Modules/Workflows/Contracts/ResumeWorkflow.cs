using MediatR;

namespace Pipeline.Workflows.Contracts;

/// <summary>Ends the pause of a workflow's schedule. Slots that passed meanwhile are missed, or caught up with, as the workflow declares.</summary>
/// <param name="Name">The workflow.</param>
public sealed record ResumeWorkflow(string Name) : IRequest<Outcome<WorkflowDetails>>;
