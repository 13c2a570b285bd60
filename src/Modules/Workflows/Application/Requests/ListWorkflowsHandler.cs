using MediatR;
using Pipeline.Workflows.Application.Engine;
using Pipeline.Workflows.Contracts;

namespace Pipeline.Workflows.Application.Requests;

/// <summary>Lists the folders of the catalog with what the store knows of them.</summary>
internal sealed class ListWorkflowsHandler(IWorkflowCatalog catalog, IRunQueries queries, WorkflowViews views)
    : IRequestHandler<ListWorkflows, IReadOnlyList<WorkflowSummary>>
{
    public async Task<IReadOnlyList<WorkflowSummary>> Handle(ListWorkflows request, CancellationToken cancellationToken)
    {
        var records = await queries.GetWorkflowsAsync(null, cancellationToken);
        return [.. catalog.Entries.Select(e => views.Summary(e, records.GetValueOrDefault(e.Name)))];
    }
}
