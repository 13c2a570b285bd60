using MediatR;
using Pipeline.Workflows.Application.Engine;
using Pipeline.Workflows.Contracts;

namespace Pipeline.Workflows.Application.Requests;

/// <summary>Shows one workflow.</summary>
internal sealed class GetWorkflowHandler(WorkflowFinder finder, IRunQueries queries, WorkflowViews views)
    : IRequestHandler<GetWorkflow, Outcome<WorkflowDetails>>
{
    public async Task<Outcome<WorkflowDetails>> Handle(GetWorkflow request, CancellationToken cancellationToken)
    {
        var (entry, refusal) = await finder.FindAsync(request.Name, cancellationToken);
        if (entry is null)
            return refusal!;
        var records = await queries.GetWorkflowsAsync(request.Name, cancellationToken);
        return views.Details(entry, records.GetValueOrDefault(request.Name));
    }
}
