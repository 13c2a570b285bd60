using MediatR;
using Pipeline.Workflows.Application.Time;
using Pipeline.Workflows.Contracts;

namespace Pipeline.Workflows.Application.Requests;

/// <summary>Pauses a schedule.</summary>
internal sealed class PauseWorkflowHandler(WorkflowFinder finder, SlotPlanner planner, IMediator mediator)
    : IRequestHandler<PauseWorkflow, Outcome<WorkflowDetails>>
{
    public async Task<Outcome<WorkflowDetails>> Handle(PauseWorkflow request, CancellationToken cancellationToken)
    {
        if ((await finder.FindAsync(request.Name, cancellationToken)).Refusal is { } refusal)
            return refusal;
        await planner.PauseAsync(request.Name, cancellationToken);
        return await mediator.Send(new GetWorkflow(request.Name), cancellationToken);
    }
}
