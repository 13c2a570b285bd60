using System.Globalization;
using Pipeline.DuckDb;
using Pipeline.Workflows.Application;
using Pipeline.Workflows.Domain;
using Pipeline.Workflows.Infrastructure.Kinds.Engine;

namespace Pipeline.Workflows.Infrastructure.Kinds.Check;

/// <summary>The kind <c>check</c>: SQL that must return no rows. Writes nothing.</summary>
internal sealed class CheckKind(SqlSessions sessions) : ITaskKind
{
    private const int RowsShown = 10;

    public string Name => "check";

    public IEnumerable<TaskFault> Check(WorkflowDefinition workflow, TaskDefinition task) => SqlSettings.Check(workflow, task, new KindSettings(task.Settings));

    public async Task<TaskResult> RunAsync(TaskContext context, CancellationToken cancellationToken)
    {
        var settings = new KindSettings(context.Settings);
        var limit = settings.Number("rows", 1, 1000) ?? RowsShown;
        using var session = sessions.Open(context);
        var query = await session.PrepareAsync(settings, cancellationToken);
        var (table, more) = await session.RunAsync(query, connection => Read(connection, query, limit, cancellationToken), cancellationToken);
        if (table.Rows == 0)
            return new TaskResult();
        var count = more ? string.Create(CultureInfo.InvariantCulture, $"More than {limit} rows, the first")
            : table.Rows == 1 ? "One row"
            : string.Create(CultureInfo.InvariantCulture, $"{table.Rows} rows");
        throw new TerminalException($"{settings.Text("message") ?? $"Check {context.Task.Name} found rows."} {count}:\n{table}");
    }

    private static (TextTable Table, bool More) Read(DuckConnection connection, SqlQuery query, int limit, CancellationToken cancellationToken)
    {
        using var result = connection.Query(
            string.Create(CultureInfo.InvariantCulture, $"SELECT * FROM ({query.Select}) LIMIT {limit + 1}"), cancellationToken);
        var table = new TextTable(result.Columns.Select(c => c.Name));
        while (result.ReadChunk(out var chunk))
        {
            for (var row = 0; row < chunk.RowCount; row++)
            {
                if (table.Rows == limit)
                    return (table, true);
                var cells = new string?[chunk.Columns.Count];
                for (var i = 0; i < cells.Length; i++)
                    cells[i] = chunk.Column(i) is var column && column.IsNull(row) ? null : column.GetString(row);
                table.Add(cells);
            }
        }

        return (table, false);
    }
}
