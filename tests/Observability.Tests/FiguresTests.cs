using System.Net;
using System.Text.Json;
using Pipeline.Observability.Contracts;
using Pipeline.Testing;

namespace Pipeline.Observability.Tests;

[Collection(PipelineHost.Collection)]
public sealed class FiguresTests(PipelineHost host)
{
    [Fact]
    public async Task Figures_WithTraffic_TellOfLogGroupsTablesAndRequests()
    {
        await host.SendAsync(new GetLiveFigures());
        for (var i = 0; i < 20; i++)
        {
            using var put = await host.SendAsync(HttpMethod.Put, "/SendEvent", PipelineHost.Event($"u-{i}"));
            Assert.Equal(HttpStatusCode.Accepted, put.StatusCode);
        }

        using var post = await host.PostAsync("/PurchasedItems", $"[{PipelineHost.Order("o-1")}]");
        using var refused = await host.PostAsync("/PurchasedItems", "[]");
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);

        LiveFigures figures = null!;
        await Eventually.TrueAsync(
            async () =>
            {
                figures = await host.SendAsync(new GetLiveFigures());
                return figures.Tables.Any(t => t.Rows > 0) && figures.Topics.Sum(t => t.EndOffset) >= 21 && figures.Groups.Count == 2 && figures.Groups.All(g => g.Lag == 0)
                    && figures.Rejected.Count > 0 && figures.Requests.Routes.Count > 0;
            },
            describe: () => $"{figures.Topics.Count} topics, {figures.Groups.Count} groups, {figures.Tables.Count} tables, {figures.Requests.Routes.Count} routes");
        Assert.All(figures.Groups, g => Assert.Equal((1, 0.0), (g.Members, g.BehindSeconds)));
        Assert.Equal("raw/purchased_items", figures.Tables.First(t => t.Rows > 0).Name);
        Assert.Equal(figures.Tables.Count, figures.TableCount);
        Assert.Contains(figures.Rejected, r => r is { Reason: "Invalid", Count: >= 1 });
        Assert.Contains(figures.Requests.Routes, r => r is { Method: "PUT", Route: "/SendEvent", ErrorsPerSecond: 0, P99Milliseconds: > 0 });
        Assert.All(figures.Topics, t => Assert.Equal(300, t.PerSecondSeries.Count));
        Assert.DoesNotContain(figures.Findings, f => f.Severity == FindingSeverity.Error);
        Assert.Contains(figures.Findings, f => f.Subject == "requests" && f.Do.Contains("/ingestion/rejected?reason=Invalid", StringComparison.Ordinal));

        using var overHttp = await host.GetAsync<JsonDocument>("/figures");
        Assert.Equal(figures.TableCount, overHttp!.RootElement.GetProperty("TableCount").GetInt32());
        Assert.Equal("Notice", overHttp.RootElement.GetProperty("Findings")[0].GetProperty("Severity").GetString());
    }

    [Fact]
    public async Task Routes_Asked_AnswerAsTheRequestsDo()
    {
        using var put = await host.SendAsync(HttpMethod.Put, "/SendEvent", PipelineHost.Event("route"));
        TraceSummary[] found = [];
        await Eventually.TrueAsync(async () => (found = (await host.GetAsync<TraceSummary[]>("/traces?userId=route"))!).Length > 0);
        var trace = await host.GetAsync<TraceView>($"/traces/{found[0].TraceId}");
        Assert.Equal(found[0].Name, trace!.Name);
        Assert.NotNull(await host.GetAsync<LogPage>("/logs?level=Information&limit=5"));
        foreach (var (path, status) in new[]
        {
            ("/traces?limit=0", HttpStatusCode.BadRequest), ("/traces?traceId=xyz", HttpStatusCode.BadRequest), ("/traces/1234", HttpStatusCode.BadRequest),
            ("/traces/0123456789abcdef0123456789abcdef", HttpStatusCode.NotFound), ("/logs?level=loud", HttpStatusCode.BadRequest), ("/logs?after=-1", HttpStatusCode.BadRequest),
        })
        {
            using var response = await host.Http.GetAsync(path);
            Assert.Equal((path, status), (path, response.StatusCode));
            Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        }
    }
}
