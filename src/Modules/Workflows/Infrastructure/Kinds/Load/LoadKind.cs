using Pipeline.Workflows.Application;
using Pipeline.Workflows.Domain;
using Pipeline.Workflows.Infrastructure.Kinds.Engine;

namespace Pipeline.Workflows.Infrastructure.Kinds.Load;

/// <summary>The kind <c>load</c>: rows out of the lake into a table of PostgreSQL or a folder.</summary>
internal sealed class LoadKind(SqlSessions sessions, IEnumerable<ISink> sinks) : ITaskKind
{
    private const string From = "from";

    private readonly Dictionary<string, ISink> _sinks = sinks.ToDictionary(s => s.Name, StringComparer.Ordinal);

    public string Name => "load";

    public IEnumerable<TaskFault> Check(WorkflowDefinition workflow, TaskDefinition task)
    {
        var settings = new KindSettings(task.Settings);
        foreach (var fault in SqlSettings.Check(workflow, task, settings, From))
            yield return fault;
        if (settings.Text(From) is { } from && !from.Contains("${", StringComparison.Ordinal) && !SqlSettings.Before(workflow, task).Contains(from))
            yield return new TaskFault(From, $"'{from}' is not among the tasks that '{task.Name}' runs after.");
        if (SinksOf(settings) is not [var name])
        {
            yield return new TaskFault("", $"Exactly one target is named: {string.Join(", ", _sinks.Keys.Order(StringComparer.Ordinal))}.");
            yield break;
        }

        foreach (var fault in _sinks[name].Check(settings.RequiredSection(name)))
            yield return fault with { Field = fault.Field.Length == 0 ? name : $"{name}.{fault.Field}" };
    }

    public async Task<TaskResult> RunAsync(TaskContext context, CancellationToken cancellationToken)
    {
        var settings = new KindSettings(context.Settings);
        var name = SinksOf(settings).Single();
        using var session = sessions.Open(context);
        var query = settings.Text(From) is { } from
            ? await session.SelectOutputAsync(from, cancellationToken)
            : await session.PrepareAsync(settings, cancellationToken);
        return await _sinks[name].WriteAsync(new SinkRequest(settings.RequiredSection(name), query, context, session), cancellationToken);
    }

    private List<string> SinksOf(KindSettings settings) => [.. settings.Names.Where(_sinks.ContainsKey)];
}
