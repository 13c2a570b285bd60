namespace Pipeline.Workflows.Domain;

/// <summary>The order of tasks.</summary>
internal static class TaskGraph
{
    /// <summary>The tasks, each after those that it waits for, otherwise as they were given; null where some wait for each other in a circle.</summary>
    /// <param name="tasks">Tasks whose <see cref="TaskDefinition.After"/> name tasks among them.</param>
    /// <param name="circle">Tasks of which each waits for the next and the last for the first; empty where there is none.</param>
    public static IReadOnlyList<TaskDefinition>? Order(IReadOnlyCollection<TaskDefinition> tasks, out IReadOnlyList<string> circle)
    {
        var byName = tasks.ToDictionary(t => t.Name, StringComparer.Ordinal);
        var ordered = new List<TaskDefinition>(tasks.Count);
        var done = new HashSet<string>(StringComparer.Ordinal);
        foreach (var task in tasks)
        {
            circle = Visit(task, [], byName, done, ordered);
            if (circle.Count > 0)
                return null;
        }

        circle = [];
        return ordered;
    }

    /// <summary>Goes into depth without recursion, as a chain may be long.</summary>
    private static IReadOnlyList<string> Visit(
        TaskDefinition start, List<(TaskDefinition Task, int Next)> path, Dictionary<string, TaskDefinition> byName, HashSet<string> done, List<TaskDefinition> ordered)
    {
        if (!done.Contains(start.Name))
            path.Add((start, 0));
        var onPath = new HashSet<string>(StringComparer.Ordinal) { start.Name };
        while (path.Count > 0)
        {
            var (task, next) = path[^1];
            if (next == task.After.Count)
            {
                path.RemoveAt(path.Count - 1);
                onPath.Remove(task.Name);
                if (done.Add(task.Name))
                    ordered.Add(task);
                continue;
            }

            path[^1] = (task, next + 1);
            var before = task.After[next];
            if (done.Contains(before))
                continue;
            if (!onPath.Add(before))
                return [.. path.Select(p => p.Task.Name).SkipWhile(name => name != before)];
            path.Add((byName[before], 0));
        }

        return [];
    }
}
