using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Workflows.Application;
using Pipeline.Workflows.Domain;

namespace Pipeline.Workflows.Infrastructure.Kinds.Operation;

/// <summary>The kind <c>operation</c>: what a module can do, by name.</summary>
internal sealed class OperationKind(IEnumerable<NamedOperation> operations, IServiceScopeFactory scopes) : ITaskKind
{
    private readonly Dictionary<string, NamedOperation> _operations = operations.ToDictionary(o => o.Name, StringComparer.Ordinal);

    public string Name => "operation";

    public IEnumerable<TaskFault> Check(WorkflowDefinition workflow, TaskDefinition task)
    {
        var name = new KindSettings(task.Settings).Text("name");
        if (name is not null && !name.Contains("${", StringComparison.Ordinal) && !_operations.ContainsKey(name))
            yield return new TaskFault("name", Unknown(name));
    }

    public async Task<TaskResult> RunAsync(TaskContext context, CancellationToken cancellationToken)
    {
        var settings = new KindSettings(context.Settings);
        var name = settings.Required("name");
        if (!_operations.TryGetValue(name, out var operation))
            throw new TerminalException(Unknown(name));
        await using var scope = scopes.CreateAsyncScope();
        var with = settings.Section("with") ?? new KindSettings(new JsonObject(), "with");
        return await operation.RunAsync(new OperationRequest(scope.ServiceProvider, with, context), cancellationToken);
    }

    private string Unknown(string name) => $"There is no operation '{name}'; there are {string.Join(", ", _operations.Keys.Order(StringComparer.Ordinal))}.";
}
