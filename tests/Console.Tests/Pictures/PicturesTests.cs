using AngleSharp.Dom;
using Pipeline.Console.Pictures;

namespace Pipeline.Console.Tests.Pictures;

public sealed class PicturesTests : IDisposable
{
    private readonly ComponentHost _host = new();

    public void Dispose() => _host.Dispose();

    [Fact]
    public async Task Sparkline_WithAGap_IsDrawnInTwoPieces()
    {
        var line = await LineAsync(0, 5, 10, null, 10, 0);
        Assert.Equal(["M0 29L20 15L40 1", "M80 1L100 29"], line.QuerySelectorAll("path:not(.area)").Select(e => e.GetAttribute("d")));
    }

    [Fact]
    public async Task Sparkline_OfZeros_StaysOnTheGround()
    {
        var line = await LineAsync(0, 0);
        Assert.Equal("M0 29L100 29", line.QuerySelector("path:not(.area)")!.GetAttribute("d"));
    }

    [Fact]
    public async Task Sparkline_WithNothing_IsEmpty() => Assert.Empty((await LineAsync(null, 3)).QuerySelectorAll("path"));

    [Fact]
    public async Task TaskGraph_ShowsTasksWithTheirStatesAndAnArrowForEachDependency()
    {
        var graph = await _host.RenderAsync<TaskGraph>(
            ("Tasks", new GraphTask[] { new("extract", "extract", [], "succeeded", "/a"), new("load", "load", ["extract"], "running", "/b") }));
        Assert.Equal(["task s-succeeded", "task s-running"], graph.QuerySelectorAll("g").Select(e => e.GetAttribute("class")));
        Assert.Equal(["/a", "/b"], graph.QuerySelectorAll("a").Select(e => e.GetAttribute("href")));
        Assert.Single(graph.QuerySelectorAll("path.edge"));
    }

    [Fact]
    public async Task Timeline_PlacesBarsByTheLastEnd()
    {
        var timeline = await _host.RenderAsync<Timeline>(("Label", "x"), ("Lanes", new TimelineLane[]
        {
            new("a", [new TimelineBar(TimeSpan.Zero, TimeSpan.FromSeconds(1), "s-failed", "first"), new TimelineBar(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(2), "", "second")]),
            new("b", [], Depth: 2),
        }));
        Assert.Equal(["left:0%;width:25%", "left:50%;width:50%"], timeline.QuerySelectorAll(".span").Select(e => e.GetAttribute("style")));
        Assert.Contains("padding-left:28px", timeline.QuerySelectorAll(".name")[1].GetAttribute("style"), StringComparison.Ordinal);
    }

    private Task<IElement> LineAsync(params double?[] values) => _host.RenderAsync<Sparkline>(("Values", values), ("Label", "x"));
}
