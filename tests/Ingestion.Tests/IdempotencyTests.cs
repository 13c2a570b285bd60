using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.EventLog;
using Pipeline.Ingestion.Application;
using Pipeline.Ingestion.Contracts;
using Pipeline.Testing;

namespace Pipeline.Ingestion.Tests;

public sealed class IdempotencyTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task SameKeyAndBody_ReturnsTheFirstAnswerAndAppendsNothing()
    {
        await using var api = await IngestionApi.StartAsync(await postgres.CreateDatabaseAsync());
        using var first = await api.PostAsync($"[{Samples.Order},{Samples.Order}]", "key-1");
        using var again = await api.PostAsync($"[{Samples.Order},{Samples.Order}]", "key-1");
        Assert.Equal(HttpStatusCode.Accepted, again.StatusCode);
        Assert.Equal(await first.Content.ReadAsStringAsync(), await again.Content.ReadAsStringAsync());
        Assert.Equal(2, await api.CountAsync(Topics.PurchasedItem));
    }

    [Fact]
    public async Task SameKeyOtherBody_Is409()
    {
        await using var api = await IngestionApi.StartAsync(await postgres.CreateDatabaseAsync());
        using var first = await api.PutAsync(Samples.Event, "key-1");
        using var other = await api.PutAsync(Samples.Event.Replace("user-17", "user-18", StringComparison.Ordinal), "key-1");
        Assert.Equal(HttpStatusCode.Conflict, other.StatusCode);
        Assert.Equal(1, await api.CountAsync(Topics.UserEvents));
    }

    [Fact]
    public async Task SameKeyOnTheOtherRoute_IsAnotherKey()
    {
        await using var api = await IngestionApi.StartAsync(await postgres.CreateDatabaseAsync());
        using var put = await api.PutAsync(Samples.Event, "key-1");
        using var post = await api.PostAsync($"[{Samples.Order}]", "key-1");
        Assert.Equal(HttpStatusCode.Accepted, post.StatusCode);
    }

    [Fact]
    public async Task InvalidRequest_DoesNotSpendItsKey()
    {
        await using var api = await IngestionApi.StartAsync(await postgres.CreateDatabaseAsync());
        using var bad = await api.PutAsync("{}", "key-1");
        using var good = await api.PutAsync(Samples.Event, "key-1");
        Assert.Equal(HttpStatusCode.BadRequest, bad.StatusCode);
        Assert.Equal(HttpStatusCode.Accepted, good.StatusCode);
    }

    [Theory]
    [InlineData("two words")]
    [InlineData(null)]
    public async Task Key_TooLongOrNotVisibleAscii_Is400(string? key)
    {
        key ??= new string('k', 256);
        await using var api = await IngestionApi.StartAsync(await postgres.CreateDatabaseAsync());
        using var response = await api.PutAsync(Samples.Event, key);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Fact]
    public async Task ManyAtOnce_AppendOnce()
    {
        await using var api = await IngestionApi.StartAsync(await postgres.CreateDatabaseAsync());
        var statuses = await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ =>
        {
            using var response = await api.PutAsync(Samples.Event, "key-1");
            return response.StatusCode;
        }));
        Assert.Contains(HttpStatusCode.Accepted, statuses);
        Assert.All(statuses, s => Assert.True(s is HttpStatusCode.Accepted or HttpStatusCode.ServiceUnavailable));
        Assert.Equal(1, await api.CountAsync(Topics.UserEvents));
    }

    /// <summary>The process dies between any two steps: after the reservation, after some of the records, after all of them.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public async Task CutOffTry_IsFinishedByTheNextOneOnce(int appended)
    {
        var time = new ManualTime();
        await using var api = await IngestionApi.StartAsync(await postgres.CreateDatabaseAsync(), replace: services => services.AddSingleton<TimeProvider>(time));
        var body = Samples.Utf8($"[{Samples.Order},{Samples.Order},{Samples.Order}]");
        var keys = api.Services.GetRequiredService<IIdempotencyStore>();
        var reserved = await keys.ReserveAsync("PurchasedItem/key-1", System.Security.Cryptography.SHA256.HashData(body), [0, 0, 0, 0], CancellationToken.None);
        Assert.Equal(ReservationState.Reserved, reserved.State);
        for (var i = 0; i < appended; i++)
        {
            await api.Log.AppendAsync(Topics.PurchasedItem, new NewRecord(Samples.Utf8("user-17"), Samples.Utf8(Samples.Order),
                new[] { new RecordHeader(RecordHeaders.IdempotencyKey, Samples.Utf8($"PurchasedItem/key-1/{i}")) }));
        }

        using var tooSoon = await api.PostAsync(System.Text.Encoding.UTF8.GetString(body), "key-1");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, tooSoon.StatusCode);
        time.Advance(TimeSpan.FromMinutes(1));
        using var response = await api.PostAsync(System.Text.Encoding.UTF8.GetString(body), "key-1");
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        var answer = (await IngestionApi.JsonAsync(response)).AsArray();
        Assert.Equal([0L, 1, 2], answer.Select(r => (long)r!["Offset"]!));
        Assert.Equal(3, await api.CountAsync(Topics.PurchasedItem));
    }

    [Fact]
    public async Task AfterTheWindow_TheKeyIsFreeAgainAndPurged()
    {
        var time = new ManualTime();
        await using var api = await IngestionApi.StartAsync(await postgres.CreateDatabaseAsync(), replace: services => services.AddSingleton<TimeProvider>(time));
        using var first = await api.PutAsync(Samples.Event, "key-1");
        using var other = await api.PutAsync(Samples.Event, "key-2");
        time.Advance(TimeSpan.FromHours(25));
        using var again = await api.PutAsync(Samples.Event, "key-1");
        Assert.Equal(HttpStatusCode.Accepted, again.StatusCode);
        Assert.Equal(3, await api.CountAsync(Topics.UserEvents));
        Assert.Equal(1, await api.Services.GetRequiredService<IIdempotencyStore>().PurgeAsync(10, CancellationToken.None));
    }

    /// <summary>Real timers, a clock that can be put forward.</summary>
    private sealed class ManualTime : TimeProvider
    {
        private TimeSpan _ahead;

        public void Advance(TimeSpan by) => _ahead += by;

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + _ahead;
    }
}
