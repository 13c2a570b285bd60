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

    private const string Found = "pipeline_found";

    public string Name => "check";

    public IEnumerable<TaskFault> Check(WorkflowDefinition workflow, TaskDefinition task) => SqlSettings.Check(workflow, task, new KindSettings(task.Settings));

    public async Task<TaskResult> RunAsync(TaskContext context, CancellationToken cancellationToken)
    {
        var settings = new KindSettings(context.Settings);
        var limit = settings.Number("rows", 1, 1000) ?? RowsShown;
        using var session = sessions.Open(context);
        var query = await session.PrepareAsync(settings, cancellationToken);

        // Not read as they come: a query whose rows are fetched while it runs does not tell why it fails.
        var first = string.Create(CultureInfo.InvariantCulture, $"CREATE OR REPLACE TEMP TABLE {Found} AS SELECT * FROM ({query.Select}) LIMIT {limit + 1}");
        await session.ExecuteAsync(query, first, cancellationToken);
        var (table, more) = await session.RunAsync(query, connection => Read(connection, limit, cancellationToken), cancellationToken);
        if (table.Rows == 0)
            return new TaskResult();
        var count = more ? string.Create(CultureInfo.InvariantCulture, $"More than {limit} rows, the first")
            : table.Rows == 1 ? "One row"
            : string.Create(CultureInfo.InvariantCulture, $"{table.Rows} rows");
        throw new TerminalException($"{settings.Text("message") ?? $"Check {context.Task.Name} found rows."} {count}:\n{table}");
    }

    private static (TextTable Table, bool More) Read(DuckConnection connection, int limit, CancellationToken cancellationToken)
    {
        using var result = connection.Query($"SELECT * FROM {Found}", cancellationToken);
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
