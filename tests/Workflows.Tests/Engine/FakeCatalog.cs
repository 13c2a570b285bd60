using System.Collections.Concurrent;
using Pipeline.Workflows.Application;
using Pipeline.Workflows.Domain;

namespace Pipeline.Workflows.Tests.Engine;

/// <summary>Workflows that a test makes up. A definition's file holds the key under which <see cref="Restore"/> finds it again.</summary>
internal sealed class FakeCatalog : IWorkflowCatalog
{
    private readonly ConcurrentDictionary<string, WorkflowEntry> _entries = new();
    private readonly ConcurrentDictionary<string, WorkflowDefinition> _versions = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IReadOnlyList<WorkflowEntry> Entries => [.. _entries.Values.OrderBy(e => e.Name, StringComparer.Ordinal)];

    public ConcurrentQueue<string> Restored { get; } = new();

    public WorkflowDefinition Set(WorkflowDefinition definition)
    {
        _versions[definition.Version] = definition;
        _entries[definition.Name] = new WorkflowEntry(definition.Name, "/tmp/" + definition.Name, definition, []);
        Interlocked.Exchange(ref _changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
        return definition;
    }

    public void SetFaulty(string name) => _entries[name] = new WorkflowEntry(name, "/tmp/" + name, null, [new DefinitionFault("workflow.yaml", 3, "tasks", "is wrong")]);

    public void Remove(string name)
    {
        _entries.TryRemove(name, out _);
        Interlocked.Exchange(ref _changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
    }

    public WorkflowEntry? Find(string name) => _entries.GetValueOrDefault(name);

    public ValueTask<bool> RefreshAsync(CancellationToken cancellationToken) => ValueTask.FromResult(false);

    public Task WaitForChangeAsync(CancellationToken cancellationToken) => _changed.Task.WaitAsync(cancellationToken);

    public WorkflowDefinition Restore(string name, IReadOnlyDictionary<string, string> files)
    {
        Restored.Enqueue(files["workflow.yaml"]);
        return _versions[files["workflow.yaml"]];
    }
}
