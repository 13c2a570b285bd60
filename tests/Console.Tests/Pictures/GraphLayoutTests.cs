using FsCheck;
using FsCheck.Fluent;
using Pipeline.Console.Pictures;

namespace Pipeline.Console.Tests.Pictures;

public class GraphLayoutTests
{
    [Fact]
    public void Of_FanOutAndFanIn_PutsTheMiddleOnOneLine()
    {
        var layout = GraphLayout.Of([("a", []), ("b", ["a"]), ("c", ["a"]), ("d", ["b", "c"])]);
        Assert.Equal((3, 2), (layout.Columns, layout.Rows));
        Assert.Equal([(0, 0.0), (1, -0.5), (1, 0.5), (2, 0.0)], layout.Nodes.Select(n => (n.Column, n.Row)));
    }

    [Fact]
    public void Of_CrossedPairs_Uncrosses()
    {
        var layout = GraphLayout.Of([("a", []), ("b", []), ("to_b", ["b"]), ("to_a", ["a"])]);
        var row = layout.Nodes.ToDictionary(n => n.Name, n => n.Row);
        Assert.Equal(row["a"] < row["b"], row["to_a"] < row["to_b"]);
    }

    [Fact]
    public void Of_Nothing_IsEmpty() => Assert.Equal((0, 0), (GraphLayout.Of([]).Columns, GraphLayout.Of([]).Rows));

    [Fact]
    public void Of_AnyGraph_PutsEachNodeRightOfItsOwnAndNoTwoInOnePlace() =>
        Prop.ForAll(Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), seed =>
        {
            var random = new Random(seed);
            var names = Enumerable.Range(0, random.Next(1, 40)).Select(i => $"t{i}").ToList();
            var nodes = names.Select((name, i) => (name, (IReadOnlyList<string>)[.. names.Take(i).Where(_ => random.Next(5) == 0)])).ToList();
            var layout = GraphLayout.Of(nodes);
            var placed = layout.Nodes.ToDictionary(n => n.Name);
            Assert.Equal(names, layout.Nodes.Select(n => n.Name));
            Assert.All(layout.Nodes, n => Assert.All(n.After, before => Assert.True(placed[before].Column < n.Column)));
            Assert.Equal(names.Count, layout.Nodes.Select(n => (n.Column, n.Row)).Distinct().Count());
            Assert.All(layout.Nodes, n => Assert.InRange(n.Row, -(layout.Rows - 1) / 2.0, (layout.Rows - 1) / 2.0));
        }).QuickCheckThrowOnFailure();
}
