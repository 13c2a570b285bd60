using System.Globalization;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;
using Pipeline.Ingestion.Application;
using Pipeline.Ingestion.Infrastructure.Postgres;
using Pipeline.Testing;

namespace Pipeline.Ingestion.Tests;

/// <summary>Many keys a transaction, and what must hold for each of them all the same.</summary>
public sealed class IdempotencyStoreTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IAsyncLifetime
{
    private readonly ManualTime _time = new();
    private readonly List<PostgresIdempotencyStore> _stores = [];
    private NpgsqlDataSource _dataSource = null!;

    public async Task InitializeAsync()
    {
        _dataSource = await postgres.CreateDataSourceAsync();
        var assembly = IngestionModule.Assembly;
        foreach (var name in assembly.GetManifestResourceNames().Where(n => n.EndsWith(".sql", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            await ExecuteAsync(await reader.ReadToEndAsync());
        }
    }

    public async Task DisposeAsync()
    {
        foreach (var store in _stores)
            await store.DisposeAsync();
    }

    [Fact]
    public async Task ManyKeysAtOnce_TakeFewTransactions()
    {
        var store = Open();
        Task<Reservation>[] reservations;
        await using (await BlockAsync())
            reservations = [.. Enumerable.Range(0, 500).Select(i => ReserveAsync(store, Key(i), "body"))];
        Assert.All(await Task.WhenAll(reservations), r => Assert.Equal(ReservationState.Reserved, r.State));
        Assert.InRange(await CountTransactionsAsync(), 1, 2);

        Task[] completions;
        await using (await BlockAsync())
            completions = [.. Enumerable.Range(0, 500).Select(i => store.CompleteAsync(Key(i), 1, Utf8("answer")))];
        await Task.WhenAll(completions);
        Assert.InRange(await CountTransactionsAsync(), 1, 2);
        Assert.Equal(500L, await ScalarAsync("select count(*) from ingestion.idempotency_keys where answer = 'answer'"));

        static string Key(int i) => string.Create(CultureInfo.InvariantCulture, $"key-{i}");
    }

    [Fact]
    public async Task SameKeyInOneBatch_IsReservedOnce()
    {
        var store = Open();
        Task<Reservation>[] reservations;
        await using (await BlockAsync())
            reservations = [.. new[] { "other", "a", "a", "b", "a" }.Select((body, i) => ReserveAsync(store, i == 0 ? "other-key" : "key", body))];
        var states = (await Task.WhenAll(reservations)).Select(r => r.State);
        Assert.Equal(
            [ReservationState.Reserved, ReservationState.Reserved, ReservationState.InProgress, ReservationState.Conflict, ReservationState.InProgress], states);
    }

    [Fact]
    public async Task SameKeysOfTwoProcessesAtOnce_AreReservedOnceEach()
    {
        PostgresIdempotencyStore[] stores = [Open(), Open()];
        var keys = Enumerable.Range(0, 200).Select(i => $"key-{i % 50}").ToArray();
        var reservations = await Task.WhenAll(keys.SelectMany(_ => stores, (key, store) => Task.Run(async () => (key, (await ReserveAsync(store, key, "body")).State))));
        Assert.All(reservations.GroupBy(r => r.key), key => Assert.Single(key, r => r.State == ReservationState.Reserved));
        Assert.All(reservations, r => Assert.True(r.State is ReservationState.Reserved or ReservationState.InProgress));
    }

    /// <summary>What cannot happen with keys as they are: the server refuses one of a batch.</summary>
    [Fact]
    public async Task BadKeyInABatch_HarmsNoNeighbour()
    {
        await ExecuteAsync("alter table ingestion.idempotency_keys add check (key <> 'bad'), add check (answer <> 'bad')");
        var store = Open();
        Task<Reservation>[] reservations;
        await using (await BlockAsync())
            reservations = [.. new[] { "first", "a", "bad", "c", "d" }.Select(key => ReserveAsync(store, key, "body"))];
        await Assert.ThrowsAsync<TerminalException>(() => reservations[2]);
        Assert.All(await Task.WhenAll(reservations.Where((_, i) => i != 2)), r => Assert.Equal(ReservationState.Reserved, r.State));

        Task[] completions;
        await using (await BlockAsync())
            completions = [.. new[] { "first", "a", "c", "d" }.Select(key => store.CompleteAsync(key, 1, Utf8(key == "c" ? "bad" : "answer")))];
        await Assert.ThrowsAsync<TerminalException>(() => completions[2]);
        await Task.WhenAll(completions.Where((_, i) => i != 2));
    }

    [Fact]
    public async Task CallerWhoGoesAwayInMidTransaction_GivesTheKeyBack()
    {
        var store = Open();
        using var patience = new CancellationTokenSource();
        await using (await BlockAsync())
        {
            var waiting = store.ReserveAsync("key", Utf8("body"), [0], patience.Token).AsTask();
            await BlockedAsync();
            await patience.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        }

        await Eventually.TrueAsync(async () => await ScalarAsync("select count(*) from ingestion.idempotency_keys where locked_until < created_at + interval '3 s'") is 1L);
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(ReservationState.Recover, (await ReserveAsync(store, "key", "body")).State);
    }

    [Fact]
    public async Task CallerWhoGoesAwayBeforeTheTransaction_CostsNothing()
    {
        var store = Open();
        using var patience = new CancellationTokenSource();
        Task<Reservation> first;
        await using (await BlockAsync())
        {
            first = ReserveAsync(store, "first", "body");
            await BlockedAsync();
            var waiting = store.ReserveAsync("key", Utf8("body"), [0], patience.Token).AsTask();
            await patience.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        }

        await first;
        var next = await ReserveAsync(store, "key", "body");
        Assert.Equal(1, next.Tries);
    }

    [Fact]
    public async Task LostConnection_FailsReservationsAndKeepsAnswers()
    {
        var store = Open();
        var held = await ReserveAsync(store, "held", "body");
        Task completion;
        await using (await BlockAsync())
        {
            completion = store.CompleteAsync("held", held.Tries, Utf8("answer"));
            await BlockedAsync();
            await TerminateAsync();
        }

        await completion;
        Assert.Equal("answer", Encoding.UTF8.GetString((await ReserveAsync(store, "held", "body")).Answer!));

        await using (await BlockAsync())
        {
            var waiting = ReserveAsync(store, "waiting", "body");
            await BlockedAsync();
            await TerminateAsync();
            await Assert.ThrowsAsync<TransientException>(() => waiting);
        }

        Assert.Equal(ReservationState.Reserved, (await ReserveAsync(store, "waiting", "body")).State);

        Task TerminateAsync() =>
            ScalarAsync("select count(pg_terminate_backend(pid)) from pg_locks where relation = 'ingestion.idempotency_keys'::regclass and not granted");
    }

    [Fact]
    public async Task LateAnswerOfAForgottenRequest_IsNotTheNextOnes()
    {
        var store = Open();
        var forgotten = await ReserveAsync(store, "key", "body");
        _time.Advance(TimeSpan.FromHours(25));
        var held = await ReserveAsync(store, "key", "other body");
        Assert.Equal(ReservationState.Reserved, held.State);
        await store.CompleteAsync("key", forgotten.Tries, Utf8("late"));
        Assert.Equal(ReservationState.InProgress, (await ReserveAsync(store, "key", "other body")).State);
        await store.CompleteAsync("key", held.Tries, Utf8("answer"));
        Assert.Equal("answer", Encoding.UTF8.GetString((await ReserveAsync(store, "key", "other body")).Answer!));
    }

    [Fact]
    public async Task Stop_WritesWhatWaits()
    {
        var store = Open();
        var reservation = await ReserveAsync(store, "key", "body");
        Task completion;
        ValueTask stop;
        await using (await BlockAsync())
        {
            completion = store.CompleteAsync("key", reservation.Tries, Utf8("answer"));
            stop = store.DisposeAsync();
        }

        await stop;
        await completion;
        await Assert.ThrowsAsync<TransientException>(() => ReserveAsync(store, "other", "body"));
        Assert.Equal(ReservationState.Completed, (await ReserveAsync(Open(), "key", "body")).State);
    }

    [Fact]
    public async Task TooMuchWaiting_IsRefused()
    {
        var store = Open(maxInFlight: 5);
        List<Task<Reservation>> reservations;
        await using (await BlockAsync())
        {
            reservations = [ReserveAsync(store, "first", "body")];
            await BlockedAsync();
            reservations.AddRange(Enumerable.Range(0, 10).Select(i => ReserveAsync(store, $"key-{i}", "body")));
            await Assert.ThrowsAsync<TransientException>(() => ReserveAsync(store, "one-more", "body"));
        }

        Assert.All(await Task.WhenAll(reservations), r => Assert.Equal(ReservationState.Reserved, r.State));
    }

    [Fact]
    public void RandomInterleavings_OfTwoProcesses_AreThoseOfTheModel()
    {
        PostgresIdempotencyStore[] stores = [Open(), Open()];
        var run = 0;
        var request = from key in Gen.Choose(0, 2)
                      from body in Gen.Frequency((5, Gen.Constant("a")), (1, Gen.Constant("b")))
                      select (Key: key, Body: body);
        var step = from process in Gen.Choose(0, 1)
                   from count in Gen.Choose(1, 5)
                   from requests in request.ListOf(count)
                   from endings in Gen.Choose(0, 4).ListOf(count)
                   from pause in Gen.Frequency((2, Gen.Elements(0, 1, 3)), (2, Gen.Constant(31)), (1, Gen.Constant(25 * 3600)))
                   select new Step(process, [.. requests], [.. endings], TimeSpan.FromSeconds(pause));
        Prop.ForAll(step.ListOf(30).ToArbitrary(), steps => RunAsync(stores, $"run-{run++}", [.. steps]).GetAwaiter().GetResult())
            .Check(Config.QuickThrowOnFailure.WithMaxTest(50));
    }

    /// <summary>Reservations of a step are made at once. Each that is granted ends in an answer, is given up, is held for longer, is forgotten (a crash), or ends in the next step.</summary>
    private async Task<bool> RunAsync(PostgresIdempotencyStore[] stores, string prefix, List<Step> steps)
    {
        var model = new IdempotencyModel();
        var late = new List<(string Key, int Tries)>();
        foreach (var step in steps)
        {
            var store = stores[step.Process];
            var now = _time.GetUtcNow();
            var expected = step.Requests.Select(r => model.Reserve($"{prefix}/{r.Key}", r.Body, now)).ToList();
            var actual = await Task.WhenAll(step.Requests.Select(r => ReserveAsync(store, $"{prefix}/{r.Key}", r.Body)));
            for (var i = 0; i < actual.Length; i++)
            {
                var answer = actual[i].Answer is { } bytes ? Encoding.UTF8.GetString(bytes) : null;
                Assert.Equal(expected[i], (actual[i].State, actual[i].Tries, answer));
            }

            _time.Advance(step.Pause);
            now = _time.GetUtcNow();
            var writes = new List<Task>();
            foreach (var (key, tries) in late)
                Complete(key, tries);
            late.Clear();
            for (var i = 0; i < actual.Length; i++)
            {
                if (!actual[i].IsHeld)
                    continue;
                var key = $"{prefix}/{step.Requests[i].Key}";
                if (step.Endings[i] == 0)
                {
                    Complete(key, actual[i].Tries);
                }
                else if (step.Endings[i] == 1)
                {
                    model.Abandon(key, actual[i].Tries, now);
                    writes.Add(store.AbandonAsync(key, actual[i].Tries));
                }
                else if (step.Endings[i] == 2)
                {
                    late.Add((key, actual[i].Tries));
                }
                else if (step.Endings[i] == 3)
                {
                    Assert.Equal(model.Renew(key, actual[i].Tries, now), await store.RenewAsync(key, actual[i].Tries, CancellationToken.None));
                }
            }

            await Task.WhenAll(writes);

            void Complete(string key, int tries)
            {
                var answer = $"{key} at try {tries} of {now:O}";
                model.Complete(key, tries, answer);
                writes.Add(store.CompleteAsync(key, tries, Utf8(answer)));
            }
        }

        return true;
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    private static Task<Reservation> ReserveAsync(PostgresIdempotencyStore store, string key, string body) =>
        store.ReserveAsync(key, Utf8(body), [1, 2, 3], CancellationToken.None).AsTask();

    private PostgresIdempotencyStore Open(int maxInFlight = 4_096)
    {
        var store = new PostgresIdempotencyStore(
            _dataSource, _time, Options.Create(new IngestionOptions { MaxInFlightRequests = maxInFlight }), NullLogger<PostgresIdempotencyStore>.Instance);
        _stores.Add(store);
        return store;
    }

    /// <summary>Keeps all writers of the table waiting until it is disposed of.</summary>
    private async Task<NpgsqlConnection> BlockAsync()
    {
        var connection = await _dataSource.OpenConnectionAsync();
        await using var command = new NpgsqlCommand("begin; lock table ingestion.idempotency_keys in exclusive mode", connection);
        await command.ExecuteNonQueryAsync();
        return connection;
    }

    /// <summary>Completes when a writer waits.</summary>
    private Task BlockedAsync() => Eventually.TrueAsync(async () =>
        await ScalarAsync("select count(*) from pg_locks where relation = 'ingestion.idempotency_keys'::regclass and not granted") is 1L);

    /// <summary>How many transactions wrote the rows as they are now.</summary>
    private async Task<long> CountTransactionsAsync() => (long)(await ScalarAsync("select count(distinct xmin::text) from ingestion.idempotency_keys"))!;

    private async Task<object?> ScalarAsync(string sql)
    {
        await using var command = _dataSource.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var command = _dataSource.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private sealed record Step(int Process, List<(int Key, string Body)> Requests, List<int> Endings, TimeSpan Pause);
}
