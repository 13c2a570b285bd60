using Pipeline.Console.Pictures;
using Pipeline.Observability.Contracts;

namespace Pipeline.Console.Tests.Pages;

public class PipelineFlowTests
{
    [Fact]
    public void Of_AFreshPipeline_IsDrawnWithoutFigures()
    {
        var flow = PipelineFlow.Of(Figures());
        Assert.All(flow.Nodes, n => Assert.Equal("", n.Kind));
        Assert.All(flow.Edges, e => Assert.False(e.Live));
        Assert.Contains(flow.Nodes, n => n.Note == "nothing landed yet");
    }

    [Fact]
    public void Of_TrafficAndLag_ShowsThemOnTheArrows()
    {
        var flow = PipelineFlow.Of(Figures(
            topics: [new TopicFigures("UserEvents", false, 100, 100, 12.34, 100, [])],
            groups: [new GroupFigures("events", "UserEvents", 1, 20, 10, 3, [], [], [])]));
        Assert.Contains(flow.Edges, e => e.Live && e.Label == "12.3/s");
        Assert.Contains(flow.Edges, e => e.Live && e.Label == "10/s, lag 20");
        Assert.Contains(flow.Nodes, n => n.Note == "3.0 s behind");
    }

    [Fact]
    public void Of_DeadLetters_WarnsAndLeadsToThem()
    {
        var node = Assert.Single(PipelineFlow.Of(Figures(topics: [new TopicFigures("UserEvents.dead", true, 2, 2, 0, 2, [])])).Nodes, n => n.Kind == "warn");
        Assert.Equal(("UserEvents", "2 dead letters", "/console/dead-letters"), (node.Title, node.Note, node.Address));
    }

    [Fact]
    public void Of_AGroupThatNobodyReads_IsBad()
    {
        var flow = PipelineFlow.Of(Figures(groups: [new GroupFigures("purchases", "PurchasedItem", 0, 5, 0, 60, [], [], [])]));
        Assert.Equal("Lake", Assert.Single(flow.Nodes, n => n.Kind == "bad").Title);
    }

    private static LiveFigures Figures(IReadOnlyList<TopicFigures>? topics = null, IReadOnlyList<GroupFigures>? groups = null) => new()
    {
        At = DateTimeOffset.UnixEpoch,
        SeriesSeconds = 1,
        Topics = topics ?? [],
        Groups = groups ?? [],
        Tables = [],
        TablesAt = DateTimeOffset.UnixEpoch,
        Requests = new RequestFigures(0, 0, null, null, [], [], [], []),
        Rejected = [],
        Findings = [],
    };
}
