using Pipeline.Workflows.Application;
using Pipeline.Workflows.Domain;
using Pipeline.Workflows.Infrastructure.Kinds.Engine;

namespace Pipeline.Workflows.Infrastructure.Kinds.Transform;

/// <summary>
/// The kind <c>sql</c>: a SELECT over tables of the lake and earlier outputs, into a Delta table, into objects of given names, or into Parquet of the run.
/// </summary>
internal sealed class SqlKind(SqlSessions sessions) : ITaskKind
{
    private const string Table = "table";
    private const string Files = "files";

    public string Name => "sql";

    public IEnumerable<TaskFault> Check(WorkflowDefinition workflow, TaskDefinition task)
    {
        var settings = new KindSettings(task.Settings);
        foreach (var fault in SqlSettings.Check(workflow, task, settings))
            yield return fault;
        if (settings.Has(Table) && settings.Has(Files))
            yield return new TaskFault(Files, "Rows go into a table or into files, not both.");
        foreach (var field in (string[])["mode", "keys", "partition_by"])
        {
            if (settings.Has(field) && !settings.Has(Table))
                yield return new TaskFault(field, $"Only a table has {field}.");
        }

        if (settings.Text("mode") == TableTarget.Merge && settings.List("keys").Count == 0)
            yield return new TaskFault("keys", "A merge needs the columns that tell rows apart.");
        if (settings.Section(Files) is { } files)
        {
            foreach (var fault in FileTarget.Check(files))
                yield return fault with { Field = $"{Files}.{fault.Field}" };
        }
    }

    public async Task<TaskResult> RunAsync(TaskContext context, CancellationToken cancellationToken)
    {
        var settings = new KindSettings(context.Settings);
        using var session = sessions.Open(context);
        if (settings.Text(Table) is { } table)
            return await new TableTarget(session, context, settings, table).WriteAsync(cancellationToken);
        var query = await session.PrepareAsync(settings, cancellationToken);
        return settings.Section(Files) is { } files
            ? await FileTarget.WriteAsync(session, context, files, query, cancellationToken)
            : await ParquetOutput.WriteAsync(session, context, query, null, null, cancellationToken);
    }
}
