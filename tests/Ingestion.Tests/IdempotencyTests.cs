using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
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

    /// <summary>After errors such as a full disk the driver gives the connection up without a word.</summary>
    [Fact]
    public async Task Key_WhileTheServersDiskIsFull_Is503AndIsTakenAfterIt()
    {
        var connectionString = await postgres.CreateDatabaseAsync();
        await using var api = await IngestionApi.StartAsync(connectionString);
        await using var database = NpgsqlDataSource.Create(connectionString);
        using (var first = await api.PutAsync(Samples.Event, "key-0"))
            Assert.Equal(HttpStatusCode.Accepted, first.StatusCode);
        await using (var full = database.CreateCommand("""
            create function ingestion.full() returns trigger language plpgsql as 'begin raise exception using errcode = ''53100'', message = ''no space''; end';
            create trigger full_disk before insert on ingestion.idempotency_keys execute function ingestion.full()
            """))
            await full.ExecuteNonQueryAsync();
        for (var i = 0; i < 3; i++)
        {
            using var refused = await api.PutAsync(Samples.Event, "key-1");
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        }

        await using (var space = database.CreateCommand("drop trigger full_disk on ingestion.idempotency_keys"))
            await space.ExecuteNonQueryAsync();
        using var taken = await api.PutAsync(Samples.Event, "key-1");
        Assert.Equal(HttpStatusCode.Accepted, taken.StatusCode);
        Assert.Equal(2, await api.CountAsync(Topics.UserEvents));
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
    public async Task ManyAtOnce_AppendOnceAndGetOneAnswer()
    {
        await using var api = await IngestionApi.StartAsync(await postgres.CreateDatabaseAsync());
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => AnswerAsync(api, Samples.Event, "key-1")));
        Assert.All(answers, a => Assert.Equal((HttpStatusCode.Accepted, answers[0].Body), a));
        Assert.Equal(1, await api.CountAsync(Topics.UserEvents));
    }

    [Fact]
    public async Task OtherBodiesAtOnce_OneIsAcceptedAndTheOthersAre409()
    {
        await using var api = await IngestionApi.StartAsync(await postgres.CreateDatabaseAsync());
        var answers = await Task.WhenAll(Enumerable.Range(0, 30).Select(i => AnswerAsync(api, EventOf(i), "key-1")));
        Assert.Single(answers, a => a.Status == HttpStatusCode.Accepted);
        Assert.Equal(29, answers.Count(a => a.Status == HttpStatusCode.Conflict));
        Assert.Equal(1, await api.CountAsync(Topics.UserEvents));
    }

    /// <summary>Requests of two processes meet: whoever is told to come back does, until each key has its answer.</summary>
    [Fact]
    public async Task TwoProcessesAtOnce_AppendEachKeyOnce()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var first = await IngestionApi.StartAsync(database);
        await using var second = await IngestionApi.StartAsync(database);
        var answers = await Task.WhenAll(Enumerable.Range(0, 120).Select(async i =>
        {
            (HttpStatusCode Status, string Body) answer = default;
            await Eventually.TrueAsync(async () => (answer = await AnswerAsync(i % 3 == 0 ? first : second, EventOf(i % 20), $"key-{i % 20}")).Status == HttpStatusCode.Accepted);
            return (Key: i % 20, answer.Body);
        }));
        Assert.Equal(20, answers.Distinct().Count());
        Assert.Equal(20, await first.CountAsync(Topics.UserEvents));
    }

    [Fact]
    public async Task AnswerThatIsNotStoredYet_IsGivenAllTheSame()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var api = await IngestionApi.StartAsync(database);
        await using var connection = new NpgsqlConnection(database);
        await connection.OpenAsync();

        // Keeps answers from being stored, and nothing else.
        await using (var block = new NpgsqlCommand("""
            create function wait() returns trigger language plpgsql as $$ begin perform pg_advisory_xact_lock(1); return new; end $$;
            create trigger wait before update on ingestion.idempotency_keys for each row execute function wait();
            select pg_advisory_lock(1)
            """, connection))
            await block.ExecuteNonQueryAsync();
        var answer = await AnswerAsync(api, Samples.Event, "key-1");
        var again = await AnswerAsync(api, Samples.Event, "key-1");
        Assert.Equal(HttpStatusCode.Accepted, answer.Status);
        Assert.Equal(answer, again);
        await using (var release = new NpgsqlCommand("select pg_advisory_unlock(1)", connection))
            await release.ExecuteNonQueryAsync();
        await using var stored = new NpgsqlCommand("select count(*) from ingestion.idempotency_keys where answer is not null", connection);
        await Eventually.TrueAsync(async () => await stored.ExecuteScalarAsync() is 1L);
        Assert.Equal(answer, await AnswerAsync(api, Samples.Event, "key-1"));
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

    private static string EventOf(int user) => Samples.Event.Replace("user-17", $"user-{user}", StringComparison.Ordinal);

    private static async Task<(HttpStatusCode Status, string Body)> AnswerAsync(IngestionApi api, string body, string key)
    {
        using var response = await api.PutAsync(body, key);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }
}
