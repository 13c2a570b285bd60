using System.Diagnostics;
using Npgsql;
using Pipeline.Purchases.Contracts;
using Pipeline.Testing;

namespace Pipeline.Analytics.Tests;

public sealed class RefreshTracingTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IDisposable
{
    private const string Refresh = "refresh repeat_purchases";

    private readonly OrderLake _lake = new();
    private readonly SpanRecorder _spans = new(AnalyticsMetrics.Name);

    public void Dispose()
    {
        _lake.Dispose();
        _spans.Dispose();
    }

    [Fact]
    public async Task Refresh_AfterLandings_LinksToEachOnce()
    {
        await using var database = NpgsqlDataSource.Create(await postgres.CreateDatabaseAsync());
        await using var host = await AnalyticsHost.CreateAsync(_lake.Catalog, database);
        ActivityContext[] landings = [await PublishLandingAsync(host), await PublishLandingAsync(host)];

        using var request = _spans.StartTrace("request");
        await host.RefreshAsync();
        await host.RefreshAsync();

        var refreshes = _spans.Ended.Where(s => s.TraceId == request.TraceId && s.OperationName == Refresh).ToList();
        Assert.Equal(["Refreshed", "Unchanged"], refreshes.Select(r => r.GetTagItem("outcome")));
        Assert.Equal(landings, refreshes[0].Links.Select(l => l.Context));
        Assert.Empty(refreshes[1].Links);
    }

    [Fact]
    public async Task Refresh_AfterOneThatFailed_LinksToTheLandingAgain()
    {
        await using var database = NpgsqlDataSource.Create(await postgres.CreateDatabaseAsync());
        await using var host = await AnalyticsHost.CreateAsync(_lake.Catalog, database);
        var landing = await PublishLandingAsync(host);
        await ExecuteAsync(database, "ALTER TABLE repeat_purchases RENAME TO away");
        await Assert.ThrowsAnyAsync<Exception>(() => host.RefreshAsync());
        await ExecuteAsync(database, "ALTER TABLE away RENAME TO repeat_purchases");

        await host.RefreshAsync();

        var refreshes = _spans.Ended.Where(s => s.OperationName == Refresh && s.Links.Any(l => l.Context == landing)).ToList();
        Assert.Equal([ActivityStatusCode.Error, ActivityStatusCode.Unset], refreshes.Select(r => r.Status));
    }

    private async Task<ActivityContext> PublishLandingAsync(AnalyticsHost host)
    {
        using var landing = _spans.StartTrace("landing");
        await host.Mediator.Publish(new PurchasesLanded(0, 1, new Dictionary<int, long>(), null, null));
        return landing.Context;
    }

    private static async Task ExecuteAsync(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
