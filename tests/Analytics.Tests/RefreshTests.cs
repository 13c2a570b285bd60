using System.Data;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Pipeline.Analytics.Application;
using Pipeline.Analytics.Contracts;
using Pipeline.Testing;

namespace Pipeline.Analytics.Tests;

public sealed class RefreshTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IDisposable
{
    private const int Pairs = 3_000;

    private readonly OrderLake _lake = new();
    private int _landings;

    public void Dispose() => _lake.Dispose();

    [Fact]
    public async Task Refresh_AfterLandings_HoldsTheRepeatPurchases()
    {
        var (host, database) = await StartAsync();
        await using var _ = host;
        var nothing = await host.RefreshAsync();
        await LandRepeatsAsync();
        var first = await host.RefreshAsync();
        await LandRepeatsAsync();
        var second = await host.RefreshAsync();

        Assert.Equal((RefreshOutcome.Refreshed, null, 0L), (nothing.Outcome, nothing.LakeVersion, nothing.Rows));
        Assert.Equal((RefreshOutcome.Refreshed, Pairs), (first.Outcome, first.Rows));
        Assert.True(second.LakeVersion > first.LakeVersion);
        Assert.Equal(
            $"{Pairs},{4L * Pairs},{8L * Pairs}",
            await ScalarAsync(database, "SELECT concat_ws(',', count(*), sum(orders), sum(units)) FROM repeat_purchases"));
    }

    [Fact]
    public async Task Refresh_TheVersionIsThere_WritesNothing()
    {
        var (host, database) = await StartAsync();
        await using var _ = host;
        await LandRepeatsAsync();
        var first = await host.RefreshAsync();
        var written = await ScalarAsync(database, "SELECT min(xmin::text) || max(xmin::text) FROM repeat_purchases");

        var second = await host.RefreshAsync();

        Assert.Equal(first with { Outcome = RefreshOutcome.Unchanged }, second);
        Assert.Equal(written, await ScalarAsync(database, "SELECT min(xmin::text) || max(xmin::text) FROM repeat_purchases"));
    }

    [Fact]
    public async Task Refresh_WhileOthersRead_TheyNeverSeeItEmptyOrHalf()
    {
        var (host, database) = await StartAsync();
        await using var _ = host;
        await LandRepeatsAsync();
        await host.RefreshAsync();
        using var done = new CancellationTokenSource();
        var readers = new[] { IsolationLevel.ReadCommitted, IsolationLevel.RepeatableRead, IsolationLevel.Serializable }
            .Select(level => Task.Run(() => ReadUntilAsync(database, level, done.Token))).ToList();

        for (var i = 0; i < 6; i++)
        {
            await LandRepeatsAsync();
            Assert.Equal(RefreshOutcome.Refreshed, (await host.RefreshAsync()).Outcome);
        }

        await done.CancelAsync();
        Assert.All(await Task.WhenAll(readers), seen => Assert.Equal([Pairs], seen));
    }

    [Fact]
    public async Task Refresh_ATransactionWithAnOlderSnapshot_SeesTheOldRows()
    {
        var (host, database) = await StartAsync();
        await using var _ = host;
        await LandRepeatsAsync();
        await host.RefreshAsync();
        await using var connection = await database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead);
        Assert.Equal(1, await ScalarAsync(connection, "SELECT 1"));

        await LandRepeatsAsync();
        await host.RefreshAsync();

        Assert.Equal((long)Pairs * 2, await ScalarAsync(connection, "SELECT sum(orders)::bigint FROM repeat_purchases"));
    }

    [Theory]
    [InlineData("TRUNCATE repeat_purchases; INSERT INTO repeat_purchases VALUES ('u', 'p', 2, 2)")]
    [InlineData(
        "CREATE TABLE fresh (LIKE repeat_purchases); INSERT INTO fresh VALUES ('u', 'p', 2, 2); "
        + "ALTER TABLE repeat_purchases RENAME TO gone; ALTER TABLE fresh RENAME TO repeat_purchases")]
    public async Task OtherWaysToReplaceTheRows_ATransactionWithAnOlderSnapshot_SeesATableThatIsEmpty(string replace)
    {
        var (host, database) = await StartAsync();
        await using var _ = host;
        await LandRepeatsAsync();
        await host.RefreshAsync();
        await using var connection = await database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead);
        Assert.Equal(1, await ScalarAsync(connection, "SELECT 1"));

        await using (var batch = database.CreateCommand($"BEGIN; {replace}; COMMIT"))
            await batch.ExecuteNonQueryAsync();

        Assert.Equal(0L, await ScalarAsync(connection, "SELECT count(*) FROM repeat_purchases"));
    }

    [Fact]
    public async Task Refresh_ManyAtOnceInSeveralProcesses_OneWrites()
    {
        var (first, database) = await StartAsync();
        await using var _ = first;
        await using var second = AnalyticsHost.Create(_lake.Catalog, database);
        await LandRepeatsAsync();

        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() => (i % 2 == 0 ? first : second).RefreshAsync())));

        Assert.Single(results, r => r.Outcome == RefreshOutcome.Refreshed);
        Assert.Equal(7, results.Count(r => r.Outcome == RefreshOutcome.Unchanged));
        Assert.Single(results.Select(r => r.LakeVersion).Distinct());
    }

    [Fact]
    public async Task Refresh_AnotherIsUnderWay_WaitsOrSaysSo()
    {
        var (host, database) = await StartAsync();
        await using var _ = host;
        var table = host.Services.GetRequiredService<IRepeatPurchasesTable>();
        Task<RefreshResult> waiting;
        await using (await table.TryBeginRefreshAsync(wait: false, default))
        {
            Assert.Equal(RefreshOutcome.Busy, (await host.RefreshAsync(wait: false)).Outcome);
            waiting = host.RefreshAsync();
            await Eventually.TrueAsync(async () => await ScalarAsync(database, WaitingFor("locktype = 'advisory'")) is 1L);
            Assert.False(waiting.IsCompleted);
        }

        Assert.Equal(RefreshOutcome.Refreshed, (await waiting).Outcome);
    }

    [Fact]
    public async Task Refresh_CancelledWhileItWrites_LeavesTheOldRowsAndTheRight()
    {
        var (host, database) = await StartAsync();
        await using var _ = host;
        await LandRepeatsAsync();
        await host.RefreshAsync();
        await LandRepeatsAsync();

        // The lock keeps the refresh in its DELETE.
        await using (var connection = await database.OpenConnectionAsync())
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await ScalarAsync(connection, "LOCK TABLE repeat_purchases IN SHARE MODE");
            using var cancel = new CancellationTokenSource();
            var refresh = host.RefreshAsync(cancellationToken: cancel.Token);
            await Eventually.TrueAsync(async () => await ScalarAsync(database, WaitingFor("relation = 'repeat_purchases'::regclass")) is 1L);
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => refresh);
        }

        Assert.Equal((long)Pairs * 2, await ScalarAsync(database, "SELECT sum(orders)::bigint FROM repeat_purchases"));
        Assert.Equal(RefreshOutcome.Refreshed, (await host.RefreshAsync(wait: false)).Outcome);
        Assert.Equal((long)Pairs * 4, await ScalarAsync(database, "SELECT sum(orders)::bigint FROM repeat_purchases"));
    }

    [Fact]
    public async Task Refresh_TheRowsBreakOff_LeavesTheOldRows()
    {
        var (host, database) = await StartAsync();
        await using var _ = host;
        await LandRepeatsAsync();
        await host.RefreshAsync();
        var table = host.Services.GetRequiredService<IRepeatPurchasesTable>();
        await using (var refresh = await table.TryBeginRefreshAsync(wait: false, default))
            await Assert.ThrowsAsync<TransientException>(() => refresh!.ReplaceAsync(new BrokenRows(), DateTimeOffset.UnixEpoch, default));

        Assert.Equal((long)Pairs, await ScalarAsync(database, "SELECT count(*) FROM repeat_purchases"));
        Assert.Equal(RefreshOutcome.Unchanged, (await host.RefreshAsync(wait: false)).Outcome);
    }

    [Fact]
    public async Task MostRepurchased_AfterARefresh_SaysSinceWhenAndOfWhichVersion()
    {
        var (host, _) = await StartAsync();
        await using var __ = host;
        var never = await host.Mediator.Send(new GetMostRepurchased());
        await _lake.LandAsync(
            Order("1", "a", "tea", "cup"), Order("2", "a", "tea"), Order("3", "a", "tea"),
            Order("4", "b", "tea", "cup"), Order("5", "b", "cup"), Order("6", "a", "cup"));
        var refresh = await host.RefreshAsync();

        var answer = await host.Mediator.Send(new GetMostRepurchased());

        Assert.Equal((0, null, null), (never.Rows.Count, never.LakeVersion, never.RefreshedAt));
        Assert.Equal([new RepurchasedProduct("cup", 2, 2), new RepurchasedProduct("tea", 1, 2)], answer.Rows);
        Assert.Equal(refresh.LakeVersion, answer.LakeVersion);
        Assert.NotNull(answer.RefreshedAt);
    }

    [Fact]
    public async Task Refresh_IdsThatPostgreSqlCannotHold_AreWrittenWithAReplacement()
    {
        var (host, database) = await StartAsync();
        await using var _ = host;
        await _lake.LandAsync(Order("1", "u\0\0x", "\0"), Order("2", "u\0\0x", "\0"), Order("3", "ü", "日"), Order("4", "ü", "日"));
        await host.RefreshAsync();

        Assert.Equal(
            "u\ufffd\ufffdx:\ufffd,ü:日",
            await ScalarAsync(database, "SELECT string_agg(user_id || ':' || product_id, ',' ORDER BY user_id) FROM repeat_purchases"));
    }

    private async Task<(AnalyticsHost Host, NpgsqlDataSource Database)> StartAsync()
    {
        var database = await postgres.CreateDataSourceAsync();
        return (await AnalyticsHost.CreateAsync(_lake.Catalog, database), database);
    }

    /// <summary>Lands orders that make <see cref="Pairs"/> repeat purchases, or two more orders of each.</summary>
    private Task<long> LandRepeatsAsync()
    {
        var landing = _landings++;
        string[] products = [.. Enumerable.Range(0, 10).Select(p => $"product {p}")];
        return _lake.LandAsync(
            from user in Enumerable.Range(0, Pairs / 10)
            from order in Enumerable.Range(0, 2)
            select Order($"{landing}-{user}-{order}", $"user {user}", [.. products, .. products]));
    }

    private static RetailOrder Order(string id, string user, params string[] products) =>
        new(id, user, "s", DateTimeOffset.UnixEpoch, "PayPal", 1m, [.. products.Select(p => new RetailLine(p, 1, 1m, 0m))]);

    private static string WaitingFor(string what) =>
        $"SELECT count(*) FROM pg_locks WHERE NOT granted AND {what} AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

    private static async Task<List<long>> ReadUntilAsync(NpgsqlDataSource database, IsolationLevel level, CancellationToken done)
    {
        var seen = new HashSet<long>();
        while (!done.IsCancellationRequested)
        {
            await using var connection = await database.OpenConnectionAsync(CancellationToken.None);
            await using var transaction = await connection.BeginTransactionAsync(level, CancellationToken.None);
            for (var i = 0; i < 4; i++)
                seen.Add((long)(await ScalarAsync(connection, "SELECT count(*) FROM repeat_purchases"))!);
        }

        return [.. seen];
    }

    private static async Task<object?> ScalarAsync(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }

    private static async Task<object?> ScalarAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    private sealed class BrokenRows : IRepeatPurchaseRows
    {
        private int _reads;

        public Domain.LakePosition Position => new("other", 1);

        public Task<bool> ReadAsync(IRepeatPurchaseSink sink, CancellationToken cancellationToken)
        {
            if (_reads++ > 100)
                throw new TransientException("The lake went away.");
            for (var i = 0; i < 100; i++)
                sink.Add("user"u8, "product"u8, 2, 2);
            return Task.FromResult(true);
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
