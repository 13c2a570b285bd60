using Pipeline.Console.Pages.Workflows;
using Pipeline.Workflows.Contracts;

namespace Pipeline.Console.Tests.Pages;

public class RunTests
{
    private static readonly DateTimeOffset _start = new(2026, 1, 31, 10, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Graph_OfARun_TurnsWhatWaitsIntoWhatIsWaitedFor()
    {
        var graph = RunGraph.Of(Run(Task("a", TaskState.Succeeded, ["c"]), Task("b", TaskState.Failed, ["c"]), Task("c", TaskState.UpstreamFailed)), new Dictionary<string, string> { ["a"] = "sql" });
        Assert.Equal(["a", "b"], graph[2].After);
        Assert.Equal(["sql", "task", "task"], graph.Select(t => t.Kind));
        Assert.Equal("upstream_failed", graph[2].State);
        Assert.Equal("/console/runs/7?task=c", graph[2].Address);
    }

    [Fact]
    public void Timeline_OfARun_HasABarForEachTryAndOneForWhatRuns()
    {
        var failing = Task("b", TaskState.Running) with
        {
            Try = 2,
            StartedAt = _start.AddSeconds(5),
            Tries = [new RunTry(1, TryOutcome.Retrying, "w", _start.AddSeconds(1), _start.AddSeconds(2), "no")],
        };
        var ended = Task("a", TaskState.Succeeded) with
        {
            Try = 1,
            StartedAt = _start,
            EndedAt = _start.AddSeconds(1),
            Tries = [new RunTry(1, TryOutcome.Succeeded, "w", _start, _start.AddSeconds(1), null)],
        };
        var lanes = RunTimeline.Of(Run(failing, ended, Task("c", TaskState.Waiting)), _start.AddSeconds(8));
        Assert.Equal(["a", "b", "c"], lanes.Select(l => l.Name));
        Assert.Equal([(TimeSpan.Zero, TimeSpan.FromSeconds(1), "s-succeeded")], lanes[0].Bars.Select(b => (b.Start, b.Length, b.Class)));
        Assert.Equal(
            [(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), "s-retrying"), (TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(3), "s-running")],
            lanes[1].Bars.Select(b => (b.Start, b.Length, b.Class)));
        Assert.Empty(lanes[2].Bars);
        Assert.Equal("waiting", lanes[2].Note);
    }

    private static RunTask Task(string name, TaskState state, params string[] before) => new() { Name = name, State = state, Before = before, Tries = [] };

    private static RunDetails Run(params RunTask[] tasks) => new(
        new RunSummary
        {
            Id = 7,
            Workflow = "w",
            Version = "v",
            Trigger = RunTrigger.Manual,
            LogicalDate = _start,
            State = RunState.Running,
            Tasks = new Dictionary<string, int>(),
            CreatedAt = _start,
            StartedAt = _start,
        },
        new Dictionary<string, string>(),
        tasks);
}
