using Pipeline.Console.Parts;
using Pipeline.Console.Pictures;
using Pipeline.Workflows.Contracts;

namespace Pipeline.Console.Pages.Workflows;

/// <summary>A run as a graph.</summary>
internal static class RunGraph
{
    /// <summary>The tasks of a run with their states.</summary>
    /// <param name="run">The run, whose definition may be older than the workflow's files.</param>
    /// <param name="kinds">The kinds of the workflow's tasks, as far as they are known.</param>
    public static IReadOnlyList<GraphTask> Of(RunDetails run, IReadOnlyDictionary<string, string> kinds)
    {
        var after = run.Tasks.ToDictionary(t => t.Name, _ => new List<string>(), StringComparer.Ordinal);
        foreach (var task in run.Tasks)
        {
            foreach (var next in task.Before)
                after[next].Add(task.Name);
        }

        return
        [
            .. run.Tasks.Select(t => new GraphTask(
                t.Name, kinds.GetValueOrDefault(t.Name) ?? "task", after[t.Name], t.State.Word(), Address.Of($"/console/runs/{run.Run.Id}", ("task", t.Name)))),
        ];
    }
}
