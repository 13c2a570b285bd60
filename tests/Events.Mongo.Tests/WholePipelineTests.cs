using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Pipeline.EventLog;
using Pipeline.Hosting;
using Pipeline.Testing;

namespace Pipeline.Events.Mongo.Tests;

/// <summary>The whole program with its events in MongoDB: what others ask of them, and what they say of the warehouse, holds here too.</summary>
public class WholePipelineTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private const int Users = 7;
    private const int Events = 200;

    [SkippableFact]
    public async Task Events_SentToTheProgram_AreCountedListedAndShown()
    {
        await using var server = MongoDatabase.Create();
        using var lake = new TempDirectory();
        await using var app = Build(await postgres.CreateDatabaseAsync(), server.ConnectionString, lake.FullPath);
        await app.StartAsync();
        using var http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };

        for (var i = 0; i < Events; i++)
            await SendAsync(http, i);
        var log = app.Services.GetRequiredService<IEventLog>();
        await log.AppendAsync("UserEvents", [new NewRecord(default, "{ no event"u8.ToArray())], new RecordPosition[1], default);

        await Eventually.TrueAsync(async () => (await CountsAsync(http)).Sum() == Events);
        Assert.Equal(Events, await server.CountAsync(MongoEvents.EventsName));
        Assert.Equal(Users, (await CountsAsync(http)).Count);
        var newest = (await http.GetFromJsonAsync<JsonArray>("/events?userId=user-3&limit=2"))!;
        Assert.Equal(2, newest.Count);
        Assert.Equal("p", (string?)newest[0]!["Attributes"]!["ProductId"]);
        await Eventually.TrueAsync(async () => (await http.GetStringAsync("/dead-letters")).Contains("UserEvents", StringComparison.Ordinal));

        var health = await http.GetStringAsync("/health");
        Assert.Contains("\"mongo\"", health, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/ready")).StatusCode);

        // Nothing of the events is in the warehouse: no empty tables that would say so.
        Assert.DoesNotContain("event_counts", await http.GetStringAsync("/sql/schema"), StringComparison.Ordinal);
        foreach (var page in new[] { "/", "/console/events", "/console/events/counts", "/console/events/user", "/console/sql", "/console/dead-letters", "/console/analytics", "/status", "/metrics" })
        {
            using var answer = await http.GetAsync(page);
            Assert.True(answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.NotFound, $"{page}: {answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
        }

        Assert.Contains("user-3", await http.GetStringAsync("/console/events"), StringComparison.Ordinal);
        await app.StopAsync();
    }

    private static WebApplication Build(string warehouse, string mongo, string lake)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(o => o.Listen(IPAddress.Loopback, 0));
        builder.Configuration["ConnectionStrings:warehouse"] = warehouse;
        builder.Configuration["ConnectionStrings:mongo"] = mongo;
        builder.Configuration["ConnectionStrings:lake"] = lake;
        builder.Configuration["Workflows:Folder"] = Path.Combine(lake, "no-workflows");
        builder.AddPipeline("test");
        builder.AddPipelineWorkers();
        var app = builder.Build();
        app.MapPipeline();
        return app;
    }

    private static async Task SendAsync(HttpClient http, int i)
    {
        var body = $$$"""
            {"UserId":"user-{{{i % Users}}}","SessionId":"s-{{{i}}}","EventName":"PageVisited","TimeStamp":"{{{TimeProvider.System.GetUtcNow():O}}}",
             "Attributes":{"ProductId":"p","Price":1.5,"Discount":0}}
            """;
        using var answer = await http.PutAsync(new Uri("/SendEvent", UriKind.Relative), new StringContent(body, null, "application/json"));
        answer.EnsureSuccessStatusCode();
    }

    private static async Task<List<long>> CountsAsync(HttpClient http) =>
        [.. (await http.GetFromJsonAsync<JsonArray>("/events/counts"))!.Select(c => (long)c!["EventCount"]!)];
}
