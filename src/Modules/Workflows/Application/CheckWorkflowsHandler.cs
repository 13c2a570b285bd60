using MediatR;
using Pipeline.Workflows.Contracts;

namespace Pipeline.Workflows.Application;

/// <summary>Reads the definitions of a folder for their faults alone.</summary>
internal sealed class CheckWorkflowsHandler(IWorkflowCatalogs catalogs) : IRequestHandler<CheckWorkflows, IReadOnlyList<CheckedWorkflow>>
{
    public async Task<IReadOnlyList<CheckedWorkflow>> Handle(CheckWorkflows request, CancellationToken cancellationToken) =>
    [
        .. from entry in await catalogs.ReadAsync(request.Folder, cancellationToken)
           let faults = entry.Faults.Select(f => new WorkflowFault(f.File, f.Line, f.Field, f.Message))
           select new CheckedWorkflow(entry.Name, entry.Definition?.Tasks.Count ?? 0, [.. faults]),
    ];
}

/// <summary>Reads folders of workflows other than the one that this program runs.</summary>
internal interface IWorkflowCatalogs
{
    /// <summary>The workflows of a folder, by name.</summary>
    /// <exception cref="TerminalException">There is no such folder.</exception>
    Task<IReadOnlyList<WorkflowEntry>> ReadAsync(string folder, CancellationToken cancellationToken);
}
