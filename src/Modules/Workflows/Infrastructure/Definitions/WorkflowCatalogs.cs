using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Pipeline.Workflows.Application;

namespace Pipeline.Workflows.Infrastructure.Definitions;

/// <summary>Opens a catalog for one look.</summary>
internal sealed class WorkflowCatalogs(ISchedules schedules, IEnumerable<ITaskKind> kinds) : IWorkflowCatalogs
{
    public async Task<IReadOnlyList<WorkflowEntry>> ReadAsync(string folder, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(folder))
            throw new TerminalException($"There is no folder {folder}.");
        using var catalog = new WorkflowCatalog(Options.Create(new WorkflowsOptions { Folder = folder }), schedules, kinds, NullLogger<WorkflowCatalog>.Instance);
        await catalog.RefreshAsync(cancellationToken);
        return catalog.Entries;
    }
}
