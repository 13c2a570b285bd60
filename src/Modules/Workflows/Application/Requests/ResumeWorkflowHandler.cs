using MediatR;
using Pipeline.Workflows.Application.Time;
using Pipeline.Workflows.Contracts;

namespace Pipeline.Workflows.Application.Requests;

/// <summary>Ends the pause of a schedule.</summary>
internal sealed class ResumeWorkflowHandler(WorkflowFinder finder, SlotPlanner planner, IMediator mediator)
    : IRequestHandler<ResumeWorkflow, Outcome<WorkflowDetails>>
{
    public async Task<Outcome<WorkflowDetails>> Handle(ResumeWorkflow request, CancellationToken cancellationToken)
    {
        if ((await finder.FindAsync(request.Name, cancellationToken)).Refusal is { } refusal)
            return refusal;
        await planner.ResumeAsync(request.Name, cancellationToken);
        return await mediator.Send(new GetWorkflow(request.Name), cancellationToken);
    }
}
