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
        var body = $"[{Samples.Order},{Samples.Order},{Samples.Order}]";
        await CutOffAsync(api, body, appended);

        using var tooSoon = await api.PostAsync(body, "key-1");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, tooSoon.StatusCode);
        time.Advance(TimeSpan.FromMinutes(1));
        using var response = await api.PostAsync(body, "key-1");
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        var answer = (await IngestionApi.JsonAsync(response)).AsArray();
        Assert.Equal([0L, 1, 2], answer.Select(r => (long)r!["Offset"]!));
        Assert.Equal(3, await api.CountAsync(Topics.PurchasedItem));
    }

    /// <summary>A search of the log may take longer than a lease; two that append what both miss would append it twice.</summary>
    [Fact]
    public async Task RecoveryThatOutlastsTheLease_KeepsTheKey()
    {
        var time = new ManualTime();
        var database = await postgres.CreateDatabaseAsync();
        InterceptedLog log = null!;
        await using var slow = await IngestionApi.StartAsync(database, replace: services => Intercept(services.AddSingleton<TimeProvider>(time), l => log = l));
        await using var other = await IngestionApi.StartAsync(database, replace: services => services.AddSingleton<TimeProvider>(time));
        var body = $"[{Samples.Order},{Samples.Order},{Samples.Order}]";
        await CutOffAsync(slow, body, appended: 1);
        time.Advance(TimeSpan.FromMinutes(1));
        var searching = new TaskCompletionSource();
        var goOn = new TaskCompletionSource();
        log.Reading = async (_, _, _) =>
        {
            searching.TrySetResult();
            await goOn.Task;
            return null;
        };

        var first = slow.PostAsync(body, "key-1");
        await searching.Task;
        for (var i = 0; i < 4; i++)
        {
            var held = await LockedUntilAsync(database);
            time.Advance(TimeSpan.FromSeconds(12));
            await Eventually.TrueAsync(async () => await LockedUntilAsync(database) > held);
            using var meanwhile = await other.PostAsync(body, "key-1");
            Assert.Equal(HttpStatusCode.ServiceUnavailable, meanwhile.StatusCode);
        }

        goOn.SetResult();
        using var response = await first;
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Equal(3, await slow.CountAsync(Topics.PurchasedItem));
    }

    /// <summary>The process stood still for longer than a lease, and another one has finished its request.</summary>
    [Fact]
    public async Task RecoveryWhoseKeyWasTakenOver_AppendsNothing()
    {
        var time = new ManualTime();
        var database = await postgres.CreateDatabaseAsync();
        InterceptedLog log = null!;
        await using var slow = await IngestionApi.StartAsync(database, replace: services => Intercept(services.AddSingleton<TimeProvider>(time), l => log = l));
        var body = $"[{Samples.Order},{Samples.Order},{Samples.Order}]";
        await CutOffAsync(slow, body, appended: 1);
        time.Advance(TimeSpan.FromMinutes(1));
        log.Reading = async (_, _, _) =>
        {
            await using var connection = NpgsqlDataSource.Create(database);
            await using var taken = connection.CreateCommand("update ingestion.idempotency_keys set tries = tries + 1");
            await taken.ExecuteNonQueryAsync();
            time.Advance(TimeSpan.FromSeconds(31));
            return null;
        };

        using var response = await slow.PostAsync(body, "key-1");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Equal(1, await slow.CountAsync(Topics.PurchasedItem));
    }

    /// <summary>What a read does not bring may be there all the same.</summary>
    [Fact]
    public async Task RecoveryThatReadsNothing_AppendsNothing()
    {
        var time = new ManualTime();
        InterceptedLog log = null!;
        await using var api = await IngestionApi.StartAsync(
            await postgres.CreateDatabaseAsync(), replace: services => Intercept(services.AddSingleton<TimeProvider>(time), l => log = l));
        var body = $"[{Samples.Order},{Samples.Order},{Samples.Order}]";
        await CutOffAsync(api, body, appended: 2);
        time.Advance(TimeSpan.FromMinutes(1));
        log.Reading = (topic, partition, offset) => Task.FromResult<RecordBatch?>(new RecordBatch(topic, partition, offset, 0, ReadOnlyMemory<byte>.Empty));
        using (var refused = await api.PostAsync(body, "key-1"))
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Equal(2, await api.CountAsync(Topics.PurchasedItem));

        log.Reading = (_, _, _) => Task.FromResult<RecordBatch?>(null);
        HttpStatusCode status = default;
        await Eventually.TrueAsync(async () =>
        {
            time.Advance(TimeSpan.FromSeconds(3));
            using var taken = await api.PostAsync(body, "key-1");
            return (status = taken.StatusCode) == HttpStatusCode.Accepted;
        }, describe: () => $"{status}");
        Assert.Equal(3, await api.CountAsync(Topics.PurchasedItem));
    }

    /// <summary>What is gone may have been of the request: appending it could be the second time.</summary>
    [Fact]
    public async Task RecoveryWhoseRecordsMayBeGone_AppendsNothing()
    {
        var time = new ManualTime();
        InterceptedLog log = null!;
        await using var api = await IngestionApi.StartAsync(
            await postgres.CreateDatabaseAsync(), replace: services => Intercept(services.AddSingleton<TimeProvider>(time), l => log = l));
        var body = $"[{Samples.Order},{Samples.Order}]";
        await CutOffAsync(api, body, appended: 1);
        time.Advance(TimeSpan.FromMinutes(1));
        log.Telling = partition => partition with { StartOffset = partition.EndOffset };
        using var refused = await api.PostAsync(body, "key-1");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Equal(1, await api.CountAsync(Topics.PurchasedItem));
    }

    /// <summary>What is on its way into the log would not be found by a try that comes soon.</summary>
    [Theory]
    [InlineData(false, 2)]
    [InlineData(true, 30)]
    public async Task AppendThatFailed_IsTriedAgainWhenItCanHappenNoMore(bool mayYetHappen, int seconds)
    {
        var time = new ManualTime();
        InterceptedLog log = null!;
        var database = await postgres.CreateDatabaseAsync();
        await using var api = await IngestionApi.StartAsync(database, replace: services => Intercept(services.AddSingleton<TimeProvider>(time), l => log = l));
        var body = $"[{Samples.Order},{Samples.Order}]";
        log.Refusal = new TransientException("The broker did not answer.") { MayYetHappen = mayYetHappen };
        using (var failed = await api.PostAsync(body, "key-1"))
            Assert.Equal(HttpStatusCode.ServiceUnavailable, failed.StatusCode);
        log.Refusal = null;
        var until = time.GetUtcNow().UtcDateTime.AddSeconds(seconds);
        await Eventually.TrueAsync(async () => await LockedUntilAsync(database) == until);
        time.Advance(TimeSpan.FromSeconds(seconds - 1));
        using (var tooSoon = await api.PostAsync(body, "key-1"))
            Assert.Equal(HttpStatusCode.ServiceUnavailable, tooSoon.StatusCode);
        time.Advance(TimeSpan.FromSeconds(2));
        using (var taken = await api.PostAsync(body, "key-1"))
            Assert.Equal(HttpStatusCode.Accepted, taken.StatusCode);
        Assert.Equal(2, await api.CountAsync(Topics.PurchasedItem));
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

    /// <summary>Leaves what a process leaves that died in mid-request: a reservation, and some of the records.</summary>
    private static async Task CutOffAsync(IngestionApi api, string body, int appended)
    {
        var keys = api.Services.GetRequiredService<IIdempotencyStore>();
        var reserved = await keys.ReserveAsync("PurchasedItem/key-1", System.Security.Cryptography.SHA256.HashData(Samples.Utf8(body)), [0, 0, 0, 0], CancellationToken.None);
        Assert.Equal(ReservationState.Reserved, reserved.State);
        for (var i = 0; i < appended; i++)
        {
            await api.Log.AppendAsync(Topics.PurchasedItem, new NewRecord(Samples.Utf8("user-17"), Samples.Utf8(Samples.Order),
                new[] { new RecordHeader(RecordHeaders.IdempotencyKey, Samples.Utf8($"PurchasedItem/key-1/{i}")) }));
        }
    }

    private static void Intercept(IServiceCollection services, Action<InterceptedLog> use)
    {
        var log = services.Last(s => s.ServiceType == typeof(IEventLog));
        services.AddSingleton<IEventLog>(provider =>
        {
            var intercepted = new InterceptedLog((IEventLog)log.ImplementationFactory!(provider));
            use(intercepted);
            return intercepted;
        });
    }

    private static async Task<DateTime> LockedUntilAsync(string database)
    {
        await using var connection = NpgsqlDataSource.Create(database);
        await using var command = connection.CreateCommand("select locked_until from ingestion.idempotency_keys");
        return (DateTime)(await command.ExecuteScalarAsync())!;
    }

    private static string EventOf(int user) => Samples.Event.Replace("user-17", $"user-{user}", StringComparison.Ordinal);

    private static async Task<(HttpStatusCode Status, string Body)> AnswerAsync(IngestionApi api, string body, string key)
    {
        using var response = await api.PutAsync(body, key);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }
}
