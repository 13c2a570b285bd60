using FsCheck;
using FsCheck.Fluent;
using Pipeline.Testing;
using Pipeline.Workflows.Application;
using Pipeline.Workflows.Domain;

namespace Pipeline.Workflows.Tests.Engine;

/// <summary>Any graph with any outcomes, against a reference that knows nothing of time, workers or stores.</summary>
public sealed class RandomGraphTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private const int Runs = 60;

    private static readonly Gen<Node[]> _graphs =
        from size in Gen.Choose(1, 9)
        from nodes in Gen.Choose(0, int.MaxValue).Four().Select(n => new Node(n.Item1, n.Item2, (Outcome)(n.Item3 % 7), n.Item4 % 3)).ArrayOf(size)
        select nodes;

    [Fact]
    public async Task Run_OfAnyGraph_EndsAsTheReferenceSays()
    {
        await using var host = await EngineHost.CreateAsync(await postgres.CreateDatabaseAsync());
        host.Kind.Work = (context, _) => (Outcome)(int)context.Settings["outcome"]! switch
        {
            Outcome.Fails => throw new TerminalException("fails"),
            Outcome.FailsTwiceThenWorks when context.Try <= 2 => throw new TransientException("away"),
            Outcome.StaysAway => throw new TransientException("away"),
            Outcome.Breaks => throw new InvalidOperationException("broken"),
            _ => Task.FromResult(new TaskResult()),
        };
        var made = 0;
        var graphs = new List<(Node[] Nodes, long Run)>();
        Prop.ForAll(
            _graphs.ToArbitrary(),
            nodes =>
            {
                var definition = host.Catalog.Set(Definition($"random-{made++}", nodes));
                graphs.Add((nodes, Task.Run(() => host.StartRunAsync(definition)).GetAwaiter().GetResult()));
                return true;
            }).Check(Config.QuickThrowOnFailure.WithMaxTest(Runs));

        foreach (var (nodes, run) in graphs)
        {
            var end = await host.EndOfAsync(run);
            var states = await host.StatesAsync(run);
            var expected = Reference(nodes);
            Assert.Equal(expected, states);
            Assert.Equal(expected.Values.Any(s => s is "failed" or "upstream_failed") ? "failed" : "succeeded", end);
        }

        Assert.Equal(
            graphs.Sum(g => Reference(g.Nodes).Values.Index().Sum(s => Tries(g.Nodes[s.Index].Outcome, s.Item))),
            host.Kind.Calls.Count);
    }

    /// <summary>What a task ends as follows from those before it and from what it does.</summary>
    private static Dictionary<string, string> Reference(Node[] nodes)
    {
        var states = new Dictionary<string, string>();
        for (var i = 0; i < nodes.Length; i++)
        {
            states[$"t{i}"] = Before(nodes, i).Any(b => states[b] is "failed" or "upstream_failed")
                ? "upstream_failed"
                : nodes[i].Outcome switch
                {
                    Outcome.Works or Outcome.AlsoWorks or Outcome.FailsTwiceThenWorks => "succeeded",
                    Outcome.Skipped => "skipped",
                    _ => "failed",
                };
        }

        return states;
    }

    private static int Tries(Outcome outcome, string state) => state is "upstream_failed" or "skipped" ? 0 : outcome is Outcome.FailsTwiceThenWorks or Outcome.StaysAway ? 3 : 1;

    private static string[] Before(Node[] nodes, int index) =>
        [.. Enumerable.Range(0, index).Where(b => ((nodes[index].Links >> b) & 1) == 1 && ((nodes[index].MoreLinks >> b) & 1) == 1).Select(b => $"t{b}")];

    private static WorkflowDefinition Definition(string name, Node[] nodes) =>
        Graphs.Workflow(name, [.. nodes.Select((node, i) => Graphs.Task($"t{i}", Before(nodes, i)) with
        {
            Settings = new() { ["outcome"] = (int)node.Outcome },
            When = node.Outcome == Outcome.Skipped ? "1 = 2" : null,
            Retries = new RetryPolicy(2, TimeSpan.Zero),
        })]) with { MaxParallelTasks = nodes[0].Parallel + 1 };

    private enum Outcome
    {
        Works,
        AlsoWorks,
        Skipped,
        Fails,
        FailsTwiceThenWorks,
        StaysAway,
        Breaks,
    }

    private sealed record Node(int Links, int MoreLinks, Outcome Outcome, int Parallel);
}
