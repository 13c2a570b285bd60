using Pipeline.Query.Contracts;
using Pipeline.Testing;

namespace Pipeline.Query.Tests;

/// <summary>Limits, cancellation and turns, on both engines.</summary>
public sealed class RunningTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private const string Endless = "SELECT count(*) FROM range(1000000000000) a(i) WHERE hash(i) % 7 = 8";
    private const string EndlessWarehouse = "SELECT count(*) FROM generate_series(1, 1000000000000)";

    [Theory]
    [InlineData(QueryEngine.Lake, "SELECT i FROM range(100000000) t(i)")]
    [InlineData(QueryEngine.Warehouse, "SELECT i FROM generate_series(1, 10000000) i")]
    public async Task Run_MoreRowsThanAsked_IsTruncated(QueryEngine engine, string sql)
    {
        await using var host = await StartAsync();
        var few = await host.RunAsync(sql, engine, maxRows: 7);
        Assert.Null(few.Error);
        Assert.Equal((7, true), (few.Rows.Count, few.Truncated));
        var many = await host.RunAsync(sql, engine, maxRows: 100_000);
        Assert.Equal((100_000, true), (many.Rows.Count, many.Truncated));
    }

    [Theory]
    [InlineData(QueryEngine.Lake, "SELECT i FROM range(1500) t(i)")]
    [InlineData(QueryEngine.Warehouse, "SELECT i FROM generate_series(1, 1500) i")]
    public async Task Run_AsManyRowsAsAsked_IsWhole(QueryEngine engine, string sql)
    {
        await using var host = await StartAsync();
        var result = await host.RunAsync(sql, engine, maxRows: 1_500);
        Assert.Null(result.Error);
        Assert.Equal((1_500, false), (result.Rows.Count, result.Truncated));
        Assert.Equal(1_500, result.Rows.Select(r => r[0]).Distinct().Count());
    }

    [Theory]
    [InlineData(QueryEngine.Lake, "SELECT string_agg('ü', '') FROM range(5000)")]
    [InlineData(QueryEngine.Warehouse, "SELECT repeat('ü', 5000)")]
    public async Task Run_LongValues_AreCutAndSoIsTheResult(QueryEngine engine, string sql)
    {
        await using var host = await StartAsync(new() { ["Query:MaxCellLength"] = "100", ["Query:MaxResultLength"] = "1024" });
        var cell = (await host.RunAsync(sql, engine)).Rows[0][0]!;
        Assert.Equal(new string('ü', 99) + '…', cell);
        var all = await host.RunAsync($"SELECT * FROM ({sql}) a, (VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11), (12), (13), (14), (15)) b(i)", engine);
        Assert.Null(all.Error);
        Assert.True(all.Truncated);
        Assert.Equal(11, all.Rows.Count);
    }

    [Theory]
    [InlineData(QueryEngine.Lake, Endless)]
    [InlineData(QueryEngine.Warehouse, EndlessWarehouse)]
    public async Task Run_TooLong_IsStoppedAndSaysSo(QueryEngine engine, string sql)
    {
        await using var host = await StartAsync(new() { ["Query:TimeLimit"] = "00:00:01" });
        var error = await host.ErrorAsync(sql, engine);
        Assert.Equal(SqlErrorKind.TimeLimit, error.Kind);
        Assert.Contains("Query:TimeLimit", error.Sentence, StringComparison.Ordinal);
        Assert.Equal(["1"], await host.RowsAsync("SELECT 1", engine));
    }

    [Theory]
    [InlineData(QueryEngine.Lake, Endless)]
    [InlineData(QueryEngine.Warehouse, EndlessWarehouse)]
    public async Task Cancel_ById_StopsTheStatement(QueryEngine engine, string sql)
    {
        await using var host = await StartAsync();
        var running = host.RunAsync(sql, engine);
        var found = await Eventually.ResultAsync(async () => (await host.SendAsync(new ListRunning())).FirstOrDefault(r => r.StartedAt is not null));
        Assert.Equal((engine, sql), (found.Engine, found.Sql));
        Assert.True(await host.SendAsync(new CancelSql(found.Id)));
        Assert.Equal(SqlErrorKind.Cancelled, (await running).Error?.Kind);
        Assert.Empty(await host.SendAsync(new ListRunning()));
        Assert.False(await host.SendAsync(new CancelSql(found.Id)));
        Assert.Equal(["1"], await host.RowsAsync("SELECT 1", engine));
    }

    [Theory]
    [InlineData(QueryEngine.Lake, Endless)]
    [InlineData(QueryEngine.Warehouse, EndlessWarehouse)]
    public async Task Token_Cancelled_StopsTheStatement(QueryEngine engine, string sql)
    {
        await using var host = await StartAsync();
        using var stop = new CancellationTokenSource();
        var events = await host.SendAsync(new RunSql(engine, sql), stop.Token);
        var reading = SqlResult.ReadAsync(events, stop.Token);
        await Eventually.TrueAsync(async () => (await host.SendAsync(new ListRunning())).Any(r => r.StartedAt is not null));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        Assert.Empty(await host.SendAsync(new ListRunning()));
        if (engine == QueryEngine.Warehouse)
            await Eventually.TrueAsync(async () => await CountAsync() == 0);

        async Task<long> CountAsync() =>
            long.Parse((await host.RowsAsync("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%generate_series(1, 1000000000000)%' AND pid <> pg_backend_pid()", engine))[0], null);
    }

    [Fact]
    public async Task Stream_LeftEarly_EndsTheStatement()
    {
        await using var host = await StartAsync();
        await foreach (var next in await host.SendAsync(new RunSql(QueryEngine.Lake, "SELECT i FROM range(1000000000) t(i)", MaxRows: 100_000)))
        {
            if (next is SqlRows)
                break;
        }

        Assert.Empty(await host.SendAsync(new ListRunning()));
    }

    [Fact]
    public async Task Run_MoreThanPlaces_WaitForTheirTurnAndCanBeCancelled()
    {
        await using var host = await StartAsync(new() { ["Query:LakeStatements"] = "1", ["Query:MaxWaiting"] = "2" });
        var first = host.RunAsync(Endless);
        await Eventually.TrueAsync(async () => (await host.SendAsync(new ListRunning())).Any(r => r.StartedAt is not null));
        var second = host.RunAsync("SELECT 2");
        var third = host.RunAsync("SELECT 3");
        await Eventually.TrueAsync(async () => (await host.SendAsync(new ListRunning())).Count == 3);
        Assert.Equal(SqlErrorKind.TooMany, (await host.ErrorAsync("SELECT 4")).Kind);
        Assert.Equal(["5"], await host.RowsAsync("SELECT 5", QueryEngine.Warehouse));

        var waiting = (await host.SendAsync(new ListRunning())).Where(r => r.StartedAt is null).ToList();
        await host.SendAsync(new CancelSql(waiting.Single(r => r.Sql == "SELECT 2").Id));
        Assert.Equal(SqlErrorKind.Cancelled, (await second).Error?.Kind);
        await host.SendAsync(new CancelSql((await host.SendAsync(new ListRunning())).Single(r => r.StartedAt is not null).Id));
        Assert.Equal(SqlErrorKind.Cancelled, (await first).Error?.Kind);
        Assert.Equal("3", (await third).Rows[0][0]);
        Assert.Equal(["6"], await host.RowsAsync("SELECT 6"));
    }

    private async Task<QueryHost> StartAsync(Dictionary<string, string?>? settings = null) => await QueryHost.StartAsync(await postgres.CreateDatabaseAsync(), settings);
}
