using Pipeline.DuckDb;
using Pipeline.Workflows.Application;
using Pipeline.Workflows.Domain;

namespace Pipeline.Workflows.Infrastructure.Kinds.Engine;

/// <summary>SQL as settings give it: <c>file</c>, of the definition, or <c>query</c>.</summary>
internal static class SqlSettings
{
    private const string File = "file";
    private const string Query = "query";

    /// <summary>The SQL. A file is the one of the definition that the run is pinned to.</summary>
    public static SqlText Read(WorkflowDefinition workflow, TaskDefinition task, KindSettings settings)
    {
        if (settings.Text(File) is { } file)
        {
            return workflow.Files.TryGetValue(file, out var text)
                ? SqlText.Parse(file, text)
                : throw new TerminalException($"{settings.FieldOf(File)}: the workflow's folder has no file '{file}'.");
        }

        return SqlText.Parse($"{settings.FieldOf(Query)} of task {task.Name}", settings.Required(Query));
    }

    /// <summary>What is wrong with the settings before templates are filled in.</summary>
    public static IEnumerable<TaskFault> Check(WorkflowDefinition workflow, TaskDefinition task, KindSettings settings, params string[] alternatives)
    {
        var given = (string[])[.. new[] { File, Query }.Concat(alternatives).Where(settings.Has)];
        if (given.Length != 1)
        {
            var names = string.Join(", ", (string[])[File, Query, .. alternatives]);
            yield return new TaskFault(given.Length == 0 ? "" : given[1], $"Exactly one of {names} says where the rows come from.");
            yield break;
        }

        if (settings.Text(File) is { } file && !file.Contains("${", StringComparison.Ordinal) && !workflow.Files.ContainsKey(file))
        {
            yield return new TaskFault(File, $"The workflow's folder has no file '{file}'.");
            yield break;
        }

        if (given[0] is not (File or Query) || settings.Text(given[0])!.Contains("${", StringComparison.Ordinal))
            yield break;
        foreach (var fault in Check(workflow, task, given[0], Read(workflow, task, settings)))
            yield return fault;
    }

    private static IEnumerable<TaskFault> Check(WorkflowDefinition workflow, TaskDefinition task, string field, SqlText text)
    {
        if (text.Statements.Count == 0)
            yield return new TaskFault(field, $"{text.Name} has no statement.");
        foreach (var statement in text.Statements)
        {
            for (var i = 0; i < statement.Tokens.Count; i++)
            {
                if (statement.Tokens[i].Kind != SqlTokenKind.Parameter)
                    continue;
                var name = statement[i][1..].ToString();
                if (!workflow.Parameters.ContainsKey(name) && name.ToLowerInvariant() is not ("run_id" or "workflow" or "logical_date"))
                    yield return new TaskFault(field, $"{text.Name}, line {statement.LineOf(i)}: there is no parameter ${name}.");
            }
        }

        foreach (var name in Unordered(workflow, task, text))
            yield return new TaskFault(field, $"{text.Name} reads the output of task '{name}', which is not among the tasks that '{task.Name}' runs after.");
    }

    /// <summary>Tasks that come before a task, at whatever distance.</summary>
    public static IReadOnlySet<string> Before(WorkflowDefinition workflow, TaskDefinition task)
    {
        var before = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var pending = new Stack<string>(task.After);
        while (pending.TryPop(out var name))
        {
            if (!before.Add(name))
                continue;
            foreach (var next in workflow.Tasks.FirstOrDefault(t => t.Name == name)?.After ?? [])
                pending.Push(next);
        }

        return before;
    }

    // Only where a name stands as a relation for certain: the same word may be a column or an alias.
    private static IEnumerable<string> Unordered(WorkflowDefinition workflow, TaskDefinition task, SqlText text)
    {
        var before = Before(workflow, task);
        var others = workflow.Tasks.Select(t => t.Name).Where(n => !before.Contains(n)).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var own = text.Statements
            .SelectMany(s => Enumerable.Range(0, s.Tokens.Count - 1).Where(i => s[i + 1].Equals("AS", StringComparison.OrdinalIgnoreCase)).Select(s.NameOf))
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
        return text.Statements
            .SelectMany(s => Enumerable.Range(1, s.Tokens.Count - 1)
                .Where(i => s[i - 1].Equals("FROM", StringComparison.OrdinalIgnoreCase) || s[i - 1].Equals("JOIN", StringComparison.OrdinalIgnoreCase))
                .Select(s.NameOf))
            .OfType<string>()
            .Where(n => others.Contains(n) && !own.Contains(n))
            .Distinct(StringComparer.OrdinalIgnoreCase);
    }
}
