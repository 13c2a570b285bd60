using Pipeline.DuckDb;
using Pipeline.Workflows.Application;
using Pipeline.Workflows.Domain;
using Pipeline.Workflows.Infrastructure.Kinds.Engine;

namespace Pipeline.Workflows.Infrastructure.Kinds.Extract;

/// <summary>The kind <c>extract</c>: rows from a source into Parquet objects of the run.</summary>
internal sealed class ExtractKind(SqlSessions sessions, IEnumerable<ISource> sources) : ITaskKind
{
    private const string Source = "source";

    private readonly Dictionary<string, ISource> _sources = sources.ToDictionary(s => s.Name, StringComparer.Ordinal);

    public string Name => "extract";

    public IEnumerable<TaskFault> Check(WorkflowDefinition workflow, TaskDefinition task)
    {
        var settings = new KindSettings(task.Settings);
        if (settings.Section(Source) is not { } source || source.Names.ToList() is not [var name] || !_sources.TryGetValue(name, out var kind))
        {
            yield return new TaskFault(Source, $"Exactly one source is named: {string.Join(", ", _sources.Keys.Order(StringComparer.Ordinal))}.");
            yield break;
        }

        foreach (var fault in kind.Check(workflow, source.RequiredSection(name)))
            yield return fault with { Field = fault.Field.Length == 0 ? $"{Source}.{name}" : $"{Source}.{name}.{fault.Field}" };
        if (settings.Text("select") is { } select && SqlText.Parse("select", select).Statements.Count == 0)
            yield return new TaskFault("select", "There is no statement in it.");
    }

    public async Task<TaskResult> RunAsync(TaskContext context, CancellationToken cancellationToken)
    {
        var settings = new KindSettings(context.Settings);
        var source = settings.RequiredSection(Source);
        var name = source.Names.Single();
        using var session = sessions.Open(context);
        var request = new SourceRequest(source.RequiredSection(name), settings.Map("columns"), context, session);
        var rows = await _sources[name].OpenAsync(request, cancellationToken);
        var query = rows.Query;
        if (settings.Text("select") is { } select)
        {
            await session.CreateViewAsync(Source, query.Select, cancellationToken);
            query = await session.PrepareAsync(SqlText.Parse($"select of task {context.Task.Name}", select), cancellationToken);
        }

        var result = await ParquetOutput.WriteAsync(
            session, context, query, settings.Text("to"), settings.Number("rows_per_file", 1, 100_000_000), cancellationToken);
        return result with { Cursor = rows.Cursor };
    }
}
