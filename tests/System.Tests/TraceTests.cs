using System.Diagnostics;
using System.Net;
using System.Text;
using Pipeline.Testing;
using Pipeline.Testing.Otlp;

namespace Pipeline.Whole.Tests;

/// <summary>What a collector gets of the whole program.</summary>
public sealed class TraceTests(TracedHost traced) : IClassFixture<TracedHost>
{
    private const string Event = """{"UserId":"ada","SessionId":"s-1","EventName":"AddedBasket","TimeStamp":"2026-01-31T10:15:30Z","Attributes":{"ProductId":"p-1","Price":10,"Discount":0}}""";
    private const string Orders = """[{"SessionId":"s-1","TimeStamp":"2026-01-31T10:20:00Z","UserId":"ada","TotalPrice":20,"OrderId":"o-1","Products":[{"ProductId":"p-1","ItemCount":2,"ItemPrice":10,"ItemDiscount":0}],"PaymentType":"PayPal"}]""";

    private OtlpReceiver Received => traced.Receiver;

    [Fact]
    public async Task Order_Posted_IsTraceableToTheDeltaCommitAndTheRefresh()
    {
        var useCase = await SendTracedAsync(HttpMethod.Post, "/PurchasedItems", Orders, "PublishPurchases");

        var landing = await Received.SpanAsync(s => s.Name == "purchases land" && s.Links.Any(l => l.SpanId == useCase.SpanId), "the landing of the order");
        Assert.True(landing.LinksTo(useCase.TraceId));
        var commit = await Received.SpanAsync(s => s.Name == "delta commit" && s.TraceId == landing.TraceId, "the Delta commit");
        Assert.True(IsWithin(commit, landing));

        // The landing's span ends after the news of it, so the refresh must know of it.
        var request = await SendAsync(HttpMethod.Post, "/analytics/refresh", null);
        var refresh = await Received.SpanAsync(s => s.Name == "refresh repeat_purchases" && s.TraceId == request.TraceId.ToString(), "the refresh");
        Assert.True(refresh.LinksTo(landing.TraceId));
    }

    [Fact]
    public async Task Event_Put_IsTraceableToTheStore()
    {
        var useCase = await SendTracedAsync(HttpMethod.Put, "/SendEvent", Event, "PublishUserEvent");

        var process = await Received.SpanAsync(s => s.Name == "UserEvents process" && s.Links.Any(l => l.SpanId == useCase.SpanId), "the processing of the event");
        Assert.True(process.LinksTo(useCase.TraceId));
        var store = await Received.SpanAsync(s => s.Name == "StoreUserEvents" && s.TraceId == process.TraceId, "the storing of the event");
        Assert.True(IsWithin(store, process));
    }

    [Fact]
    public async Task MetricsAndLogs_OfEveryModule_Arrive()
    {
        await SendAsync(HttpMethod.Put, "/SendEvent", Event);
        var order = await SendAsync(HttpMethod.Post, "/PurchasedItems", Orders);
        var landing = await Received.SpanAsync(s => s.Name == "purchases land" && s.LinksTo(order.TraceId.ToString()), "the landing of the order");
        var refresh = await SendAsync(HttpMethod.Post, "/analytics/refresh", null);
        foreach (var name in (string[])
            ["pipeline.ingestion.records.accepted", "pipeline.eventlog.append.records", "pipeline.events.stored", "pipeline.purchases.landed.rows", "pipeline.lake.commits"])
            await Eventually.TrueAsync(() => Received.Metrics.Any(m => m.Name == name && m.Sum > 0), describe: () => $"{name} is missing");
        foreach (var name in (string[])["pipeline.analytics.refresh.duration", "pipeline.use_case.duration", "http.server.request.duration"])
            await Eventually.TrueAsync(() => Received.Metrics.Any(m => m.Name == name), describe: () => $"{name} is missing");
        foreach (var (category, trace) in new[] { ("Pipeline.Purchases", landing.TraceId), ("Pipeline.Analytics", refresh.TraceId.ToString()) })
            await Eventually.TrueAsync(() => Received.Logs.Any(l => l.Category.StartsWith(category, StringComparison.Ordinal) && l.TraceId == trace), describe: () => $"{category} is missing");

        Assert.All(Received.Metrics, m => Assert.Equal("pipeline", m.Service));
        Assert.All(Received.Logs, l => Assert.Equal("pipeline", l.Service));
        Assert.All(Received.Spans, s => Assert.Equal("pipeline", s.Service));
    }

    /// <summary>Sends something to the log in a trace of the client's and follows it as far as the log.</summary>
    /// <returns>The span of the use case, which is the one that goes along with the records.</returns>
    private async Task<OtlpSpan> SendTracedAsync(HttpMethod method, string path, string body, string useCaseName)
    {
        var client = await SendAsync(method, path, body);
        var trace = client.TraceId.ToString();
        var request = await Received.SpanAsync(s => s.Source == "Microsoft.AspNetCore" && s.TraceId == trace, "the request");
        Assert.Equal(client.SpanId.ToString(), request.ParentId);
        Assert.Equal($"{method} {path}", request.Name);
        var useCase = await Received.SpanAsync(s => s.Name == useCaseName && s.TraceId == trace, "the use case");
        Assert.True(IsWithin(useCase, request));
        var flush = await Received.SpanAsync(s => s.Name == "log flush" && s.Links.Any(l => l.SpanId == useCase.SpanId), "the flush of the log");
        Assert.True(flush.LinksTo(trace));
        Assert.True(flush.Start >= useCase.Start && flush.Start <= useCase.End);
        return useCase;
    }

    private async Task<ActivityContext> SendAsync(HttpMethod method, string path, string? body)
    {
        var client = new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded);
        using var http = new HttpClient { BaseAddress = traced.Host.Url };
        using var request = new HttpRequestMessage(method, path);
        request.Headers.Add("traceparent", $"00-{client.TraceId}-{client.SpanId}-01");
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await http.SendAsync(request);
        Assert.Equal(body is null ? HttpStatusCode.OK : HttpStatusCode.Accepted, response.StatusCode);
        return client;
    }

    private bool IsWithin(OtlpSpan span, OtlpSpan ancestor)
    {
        var parents = Received.Spans.Where(s => s.TraceId == ancestor.TraceId).ToDictionary(s => s.SpanId, s => s.ParentId);
        for (var id = span.SpanId; parents.TryGetValue(id, out var parent); id = parent)
        {
            if (parent == ancestor.SpanId)
                return true;
        }

        return false;
    }
}
