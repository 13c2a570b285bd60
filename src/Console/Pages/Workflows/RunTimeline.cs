using Pipeline.Console.Parts;
using Pipeline.Console.Pictures;
using Pipeline.Workflows.Contracts;

namespace Pipeline.Console.Pages.Workflows;

/// <summary>A run as a Gantt chart: a lane a task, a bar a try.</summary>
internal static class RunTimeline
{
    /// <summary>The lanes in the order in which the tasks began; those that have not begun at the end.</summary>
    public static IReadOnlyList<TimelineLane> Of(RunDetails run, DateTimeOffset now)
    {
        var start = run.Tasks.SelectMany(t => t.Tries.Select(r => r.StartedAt).Concat(t.StartedAt is { } began ? [began] : []))
            .DefaultIfEmpty(run.Run.StartedAt ?? now).Min();
        return
        [
            .. run.Tasks.OrderBy(t => t.Tries.Count > 0 ? t.Tries[0].StartedAt : t.StartedAt ?? DateTimeOffset.MaxValue)
                .Select(t => new TimelineLane(
                    t.Name,
                    [.. Bars(t, start, now)],
                    Note: t.State is TaskState.Succeeded or TaskState.Running ? null : t.State.Word().Replace('_', ' '),
                    Address: Address.Of($"/console/runs/{run.Run.Id}", ("view", "Gantt"), ("task", t.Name)))),
        ];
    }

    private static IEnumerable<TimelineBar> Bars(RunTask task, DateTimeOffset start, DateTimeOffset now)
    {
        foreach (var one in task.Tries)
            yield return Bar(one.Try, one.Outcome.Word(), one.StartedAt, one.EndedAt);

        // The newest try is among the ended ones as soon as it has ended.
        if (task.StartedAt is { } began && task.Tries.All(t => t.Try != task.Try))
            yield return Bar(task.Try, task.State.Word(), began, task.EndedAt ?? now);

        TimelineBar Bar(int number, string state, DateTimeOffset from, DateTimeOffset to) =>
            new(from - start, to - from, $"s-{state}", $"{task.Name}, try {number}: {state.Replace('_', ' ')}, {Text.Duration(to - from)}");
    }
}
