using System.Net;
using Pipeline.Observability.Contracts;
using Pipeline.Testing;

namespace Pipeline.Observability.Tests;

[Collection(PipelineHost.Collection)]
public sealed class TraceOfAnOrderTests(PipelineHost host)
{
    private static readonly string[] _stations = ["PublishPurchases", "log flush", "purchases land", "LandPurchases", "delta commit", "refresh repeat_purchases"];

    [Fact]
    public async Task Order_Posted_IsFoundFromItsRequestToTheRefresh()
    {
        using var response = await host.PostAsync("/PurchasedItems", $"[{PipelineHost.Order("o-traced", "grace")},{PipelineHost.Order("o-beside", "grace")}]");
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);

        var found = await WaitForTraceAsync(new SearchTraces(OrderId: "o-traced"));
        Assert.Equal("POST /PurchasedItems", found.Name);
        Assert.Equal(found.TraceId, Assert.Single(await host.SendAsync(new SearchTraces(OrderId: "o-beside"))).TraceId);
        Assert.Contains(await host.SendAsync(new SearchTraces(UserId: "grace")), t => t.TraceId == found.TraceId);
        Assert.Empty(await host.SendAsync(new SearchTraces(OrderId: "o-trace")));

        TraceView? trace = null;
        await Eventually.TrueAsync(
            async () => (trace = await host.SendAsync(new GetTrace(found.TraceId))) is { } t && _stations.All(name => t.Spans.Any(s => s.Name == name)),
            describe: () => "The trace has only " + string.Join(", ", trace?.Spans.Select(s => s.Name) ?? []));
        AssertDrawable(trace!);
        var commit = trace!.Spans.Single(s => s.Name == "delta commit");
        Assert.Equal("raw/purchased_items", commit.Tags.Single(t => t.Name == "pipeline.table").Value);
        var useCase = trace.Spans.Single(s => s.Name == "PublishPurchases");
        Assert.Equal("o-traced, o-beside", useCase.Tags.Single(t => t.Name == "pipeline.order.ids").Value);
        Assert.All(trace.Spans.Where(s => s.Name is "log flush" or "purchases land"), s => Assert.Equal(useCase.SpanId, s.JoinedBy?.SpanId));
    }

    [Fact]
    public async Task Event_Put_IsFoundByItsUserUpToItsCount()
    {
        using var response = await host.SendAsync(HttpMethod.Put, "/SendEvent", PipelineHost.Event("hopper"));
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        var found = await WaitForTraceAsync(new SearchTraces(UserId: "hopper"));
        TraceView? trace = null;
        await Eventually.TrueAsync(
            async () => (trace = await host.SendAsync(new GetTrace(found.TraceId)))!.Spans.Any(s => s.Name == "StoreUserEvents"),
            describe: () => "The trace has only " + string.Join(", ", trace!.Spans.Select(s => s.Name)));
        AssertDrawable(trace!);
    }

    [Fact]
    public async Task Request_Refused_IsAmongTheErrors()
    {
        using var response = await host.SendAsync(HttpMethod.Put, "/SendEvent", """{"UserId":17}""");
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        TraceSummary? found = null;
        await Eventually.TrueAsync(async () => (found = (await host.SendAsync(new SearchTraces(Errors: true))).FirstOrDefault(t => t.Name == "PUT /SendEvent")) is not null);
        Assert.True(found!.Error);
    }

    private async Task<TraceSummary> WaitForTraceAsync(SearchTraces query)
    {
        // A request's span ends a moment after its answer.
        IReadOnlyList<TraceSummary> found = [];
        await Eventually.TrueAsync(async () => (found = await host.SendAsync(query)).Any(t => t.Name.Contains('/', StringComparison.Ordinal)), describe: () => $"{query} found nothing");
        return found.First(t => t.Name.Contains('/', StringComparison.Ordinal));
    }

    private static void AssertDrawable(TraceView trace)
    {
        Assert.Equal(0, trace.Spans[0].Depth);
        Assert.Equal(0, trace.Spans[0].OffsetMilliseconds, 3);
        var drawn = new Dictionary<string, TraceSpan>();
        foreach (var span in trace.Spans)
        {
            if (span.ParentId is { } parent)
                Assert.Equal(drawn[parent].Depth + 1, span.Depth);
            else if (span.JoinedBy is { } link)
                Assert.Equal(drawn[link.SpanId].Depth + 1, span.Depth);
            Assert.True(span.OffsetMilliseconds >= 0 && span.OffsetMilliseconds + span.DurationMilliseconds <= trace.DurationMilliseconds + 0.001);
            drawn.Add(span.SpanId, span);
        }
    }
}
