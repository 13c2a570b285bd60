using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Pipeline.Testing;

namespace Pipeline.Events.Tests;

public sealed class EndpointTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IAsyncLifetime
{
    private EventsHost? _host;

    private HttpClient Client => _host!.Client;

    public async Task InitializeAsync()
    {
        _host = await EventsHost.StartAsync(await postgres.CreateDatabaseAsync());
        await _host.Store.GetPositionsAsync([0], default);
        using var batch = TestEvents.Batch(
            0, 0, ("a", "Visit"), ("a", "Visit"), ("a", "Buy"), ("b/c", "Visit"), ("b/c", "Buy"), ("d", "Visit"));
        Assert.True(await _host.Store.StoreAsync(batch, true, default));
    }

    public async Task DisposeAsync() => await _host!.DisposeAsync();

    [Fact]
    public async Task GetCounts_Unfiltered_AreOrderedAndPascalCase()
    {
        var text = await Client.GetStringAsync("/events/counts");

        Assert.StartsWith("""[{"UserId":"a","EventName":"Buy","EventCount":1},{"UserId":"a","EventName":"Visit",""", text, StringComparison.Ordinal);
        Assert.Equal(5, JsonDocument.Parse(text).RootElement.GetArrayLength());
    }

    [Fact]
    public async Task GetCounts_FollowingTheLinks_GivesEachPairOnce()
    {
        var pairs = new List<string>();
        for (var address = "/events/counts?limit=2"; address is not null;)
        {
            using var response = await Client.GetAsync(new Uri(address, UriKind.Relative));
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            var page = await response.Content.ReadFromJsonAsync<JsonElement>();
            pairs.AddRange(page.EnumerateArray().Select(e => $"{e.GetProperty("UserId")} {e.GetProperty("EventName")}"));
            address = response.Headers.TryGetValues("Link", out var links) ? NextOf(Assert.Single(links)) : null;
        }

        Assert.Equal(["a Buy", "a Visit", "b/c Buy", "b/c Visit", "d Visit"], pairs);
    }

    [Fact]
    public async Task GetCounts_NextLink_KeepsTheFilters()
    {
        using var response = await Client.GetAsync(new Uri("/events/counts?eventName=Visit&limit=2", UriKind.Relative));

        Assert.Equal("</events/counts?eventName=Visit&limit=2&after=b%252Fc%2FVisit>; rel=\"next\"", response.Headers.GetValues("Link").Single());
    }

    [Theory]
    [InlineData("/events/counts?userId=a", 2)]
    [InlineData("/events/counts?userId=b/c&eventName=Buy", 1)]
    [InlineData("/events/counts?userId=nobody", 0)]
    [InlineData("/events/counts?after=a/Visit", 3)]
    [InlineData("/events?userId=a", 3)]
    [InlineData("/events?limit=4", 4)]
    [InlineData("/events?from=2025-03-01T12:00:02Z", 4)]
    [InlineData("/events?from=2025-03-01T14:00:02%2B02:00&to=2025-03-01T12:00:04Z", 2)]
    [InlineData("/events?userId=a&to=2025-03-01T14:00:01+02:00", 1)]
    [InlineData("/events?userId=&limit=", 6)]
    public async Task Get_WithParameters_GivesWhatTheyAskFor(string address, int expected)
    {
        var answer = await Client.GetFromJsonAsync<JsonElement>(address);

        Assert.Equal(expected, answer.GetArrayLength());
    }

    [Fact]
    public async Task GetEvents_OfAUser_AreNewestFirstWithAttributes()
    {
        var events = (await Client.GetFromJsonAsync<JsonElement>("/events?userId=a")).EnumerateArray().ToList();

        Assert.Equal(["Buy", "Visit", "Visit"], events.Select(e => e.GetProperty("EventName").GetString()));
        Assert.Equal(["UserId", "SessionId", "EventName", "TimeStamp", "Attributes"], events[0].EnumerateObject().Select(p => p.Name));
        Assert.Equal(TestEvents.Start.AddSeconds(2), events[0].GetProperty("TimeStamp").GetDateTimeOffset());
        Assert.Equal("p", events[0].GetProperty("Attributes").GetProperty("ProductId").GetString());
    }

    [Theory]
    [InlineData("/events/counts?limit=0", "limit")]
    [InlineData("/events/counts?limit=10001", "limit")]
    [InlineData("/events/counts?limit=ten", "limit")]
    [InlineData("/events/counts?after=nonsense", "after")]
    [InlineData("/events/counts?after=a/b/c", "after")]
    [InlineData("/events/counts?order=size", "order")]
    [InlineData("/events/counts?order=1", "order")]
    [InlineData("/events/counts?userId=%00", "userId")]
    [InlineData("/events/counts?after=a/%2500", "after")]
    [InlineData("/events?limit=1e3", "limit")]
    [InlineData("/events?limit=-1", "limit")]
    [InlineData("/events?from=2025-03-01", "from")]
    [InlineData("/events?from=2025-03-01T12:00:00", "from")]
    [InlineData("/events?from=yesterday&to=today&limit=x", "from", "to", "limit")]
    [InlineData("/events?from=2025-03-02T00:00:00Z&to=2025-03-01T00:00:00Z", "to")]
    public async Task Get_WithBadParameters_NamesEach(string address, params string[] fields)
    {
        using var response = await Client.GetAsync(new Uri(address, UriKind.Relative));

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        var errors = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors");
        Assert.Equal(fields.Order(), errors.EnumerateObject().Select(p => p.Name).Order());
    }

    private static string NextOf(string link)
    {
        Assert.EndsWith(">; rel=\"next\"", link, StringComparison.Ordinal);
        return link[1..link.IndexOf('>', StringComparison.Ordinal)];
    }
}
