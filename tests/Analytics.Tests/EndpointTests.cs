using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Npgsql;
using Pipeline.Analytics.Contracts;
using Pipeline.ServiceDefaults;
using Pipeline.Testing;

namespace Pipeline.Analytics.Tests;

public sealed class EndpointTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IAsyncLifetime, IDisposable
{
    private readonly OrderLake _lake = new();
    private WebApplication? _app;
    private HttpClient? _client;

    private HttpClient Client => _client!;

    public async Task InitializeAsync()
    {
        NpgsqlDataSource database = await postgres.CreateDataSourceAsync();
        await Pipeline.Postgres.Migrator.MigrateAsync(database, "analytics", AnalyticsModule.Assembly, CancellationToken.None);
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.AddServiceDefaults("analytics-tests");
        AnalyticsHost.Add(builder.Services, _lake.Catalog, database);
        // The database is migrated; the host's own migration would want the connection string.
        foreach (var service in builder.Services.Where(s => s.ImplementationType?.Name == "MigrationService").ToList())
            builder.Services.Remove(service);
        _app = builder.Build();
        _app.UseExceptionHandler();
        _app.MapAnalytics();
        await _app.StartAsync();
        _client = new HttpClient { BaseAddress = new Uri(_app.Urls.First()) };
    }

    public async Task DisposeAsync()
    {
        await _app!.DisposeAsync();
    }

    public void Dispose()
    {
        _client?.Dispose();
        _lake.Dispose();
    }

    [Theory]
    [InlineData("/analytics/top-products")]
    [InlineData("/analytics/payment-types")]
    [InlineData("/analytics/top-customers")]
    [InlineData("/analytics/repeat-purchases")]
    [InlineData("/analytics/most-repurchased")]
    public async Task Question_WithoutOrders_IsAnEmptyList(string path)
    {
        using var response = await Client.GetAsync(path);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("[]", await response.Content.ReadAsStringAsync());
        Assert.False(response.Headers.Contains("X-Lake-Version"));
    }

    [Theory]
    [InlineData("/analytics/top-products?limit=0", "limit")]
    [InlineData("/analytics/top-products?limit=1001", "limit")]
    [InlineData("/analytics/top-products?limit=ten", "limit")]
    [InlineData("/analytics/top-products?limit=99999999999", "limit")]
    [InlineData("/analytics/most-repurchased?limit=-1", "limit")]
    [InlineData("/analytics/top-customers?hours=0", "hours")]
    [InlineData("/analytics/top-customers?hours=878401", "hours")]
    [InlineData("/analytics/top-customers?hours=1.5", "hours")]
    [InlineData("/analytics/top-customers?until=yesterday", "until")]
    [InlineData("/analytics/top-customers?until=2024-01-01T00:00:00", "until")]
    [InlineData("/analytics/top-customers?until=0001-01-01T00:00:00Z", "until")]
    [InlineData("/analytics/top-customers?hours=x&limit=y&until=z", "hours", "limit", "until")]
    [InlineData("/analytics/repeat-purchases?limit=10001", "limit")]
    [InlineData("/analytics/repeat-purchases?after=nonsense", "after")]
    [InlineData("/analytics/repeat-purchases?after=MSAyIDMgYQ", "after")]
    public async Task Question_WithBadParameters_NamesThem(string path, params string[] names)
    {
        using var response = await Client.GetAsync(path);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        using var problem = JsonDocument.Parse(await response.Content.ReadAsStreamAsync());
        Assert.Equal(names, problem.RootElement.GetProperty("errors").EnumerateObject().Select(e => e.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Question_WithOrders_AnswersInPascalCaseWithTheVersion()
    {
        var version = await _lake.LandAsync(
            new RetailOrder("1", "u", "s", DateTimeOffset.UnixEpoch, "PayPal", 1m, [new RetailLine("p", 3, 2.5m, 0.25m)]));

        using var response = await Client.GetAsync("/analytics/top-products");

        Assert.Equal("""[{"ProductId":"p","Units":3,"Orders":1,"Revenue":6.7500}]""", await response.Content.ReadAsStringAsync());
        Assert.Equal([$"{version}"], response.Headers.GetValues("X-Lake-Version"));
        Assert.True(response.Headers.CacheControl!.NoStore);
        Assert.Equal("""[{"PaymentType":"PayPal","Orders":1,"Share":1}]""", await Client.GetStringAsync("/analytics/payment-types"));
        Assert.Equal(
            """[{"UserId":"u","HighestOrder":1.0000,"OrderId":"1","Orders":1,"Spent":1.0000}]""",
            await Client.GetStringAsync("/analytics/top-customers?hours=2&until=1970-01-01T01:30:00%2B01:00"));
    }

    [Fact]
    public async Task RepeatPurchases_FollowingTheLinks_GivesEveryRowOnce()
    {
        var random = new Random(7);
        RetailOrder[] Orders(string prefix) =>
        [
            .. Enumerable.Range(0, 200).Select(i => new RetailOrder(
                $"{prefix}{i}", $"user & {random.Next(12)}", "s", DateTimeOffset.UnixEpoch, "PayPal", 1m,
                [new RetailLine($"p/ü?{random.Next(8)}", 1, 1m, 0m)])),
        ];
        var orders = Orders("a");
        await _lake.LandAsync(orders);
        var expected = new RetailReference(orders).RepeatPurchases();

        var rows = new List<RepeatPurchase>();
        for (var next = "/analytics/repeat-purchases?limit=7"; next is not null;)
        {
            using var response = await Client.GetAsync(next);
            response.EnsureSuccessStatusCode();
            rows.AddRange(JsonSerializer.Deserialize<List<RepeatPurchase>>(await response.Content.ReadAsStringAsync())!);
            next = response.Headers.TryGetValues("Link", out var link) ? link.Single()[1..].Split('>')[0] : null;
            await _lake.LandAsync(Orders($"{rows.Count}-"));
        }

        Assert.Equal(expected, rows.Select(r => new RetailRepeat(r.UserId, r.ProductId, r.Orders, r.Units)));
    }

    [Fact]
    public async Task Refresh_OverHttp_IsWhatMostRepurchasedIsFrom()
    {
        await _lake.LandAsync(
            new RetailOrder("1", "u", "s", DateTimeOffset.UnixEpoch, "PayPal", 1m, [new RetailLine("p", 1, 1m, 0m)]),
            new RetailOrder("2", "u", "s", DateTimeOffset.UnixEpoch, "PayPal", 1m, [new RetailLine("p", 1, 1m, 0m)]));

        using var refresh = await Client.PostAsync("/analytics/refresh", null);
        using var response = await Client.GetAsync("/analytics/most-repurchased");

        using var result = JsonDocument.Parse(await refresh.Content.ReadAsStreamAsync());
        Assert.Equal("Refreshed", result.RootElement.GetProperty("Outcome").GetString());
        Assert.Equal("""[{"ProductId":"p","Customers":1,"RepeatOrders":1}]""", await response.Content.ReadAsStringAsync());
        Assert.True(response.Headers.Contains("X-Refreshed-At"));
        Assert.True(response.Headers.Contains("X-Lake-Version"));
        Assert.NotNull(response.Content.Headers.LastModified);
    }

    [Fact]
    public async Task Questions_Listed_HoldTheSqlOfEachRoute()
    {
        using var document = JsonDocument.Parse(await Client.GetStringAsync("/analytics"));

        Assert.Equal(5, document.RootElement.GetArrayLength());
        foreach (var question in document.RootElement.EnumerateArray())
        {
            using var response = await Client.GetAsync(question.GetProperty("Path").GetString());
            response.EnsureSuccessStatusCode();
            Assert.Contains("SELECT", question.GetProperty("Sql").GetString(), StringComparison.Ordinal);
            Assert.NotEqual("", question.GetProperty("Description").GetString());
        }
    }
}
