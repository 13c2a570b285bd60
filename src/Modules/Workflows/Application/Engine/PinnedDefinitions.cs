using System.Collections.Concurrent;
using Pipeline.Workflows.Domain;

namespace Pipeline.Workflows.Application.Engine;

/// <summary>The definitions that runs started with, as they were then.</summary>
internal sealed class PinnedDefinitions(IRunStore store, IWorkflowCatalog catalog)
{
    /// <summary>Definitions held at once; beyond that they are read again.</summary>
    private const int Most = 256;

    private readonly ConcurrentDictionary<(string Workflow, string Version), WorkflowDefinition> _held = new();

    /// <summary>A definition.</summary>
    /// <exception cref="TerminalException">This program does not understand its files any more.</exception>
    public async ValueTask<WorkflowDefinition> GetAsync(string workflow, string version, CancellationToken cancellationToken)
    {
        if (_held.TryGetValue((workflow, version), out var held))
            return held;
        var definition = catalog.Find(workflow)?.Definition is { } current && current.Version == version
            ? current
            : catalog.Restore(workflow, await store.GetFilesAsync(workflow, version, cancellationToken));
        if (_held.Count >= Most)
            _held.Clear();
        _held[(workflow, version)] = definition;
        return definition;
    }
}
