using Npgsql;
using Pipeline.Query.Contracts;
using Pipeline.Testing;

namespace Pipeline.Query.Tests;

public sealed class WarehouseSqlTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IAsyncLifetime
{
    private QueryHost _host = null!;
    private string _database = "";

    public async Task InitializeAsync()
    {
        _database = await postgres.CreateDatabaseAsync();
        await ExecuteAsync(
            "CREATE SCHEMA shop; CREATE TABLE shop.orders (id int, amount numeric(10,2), at timestamptz, body jsonb, flag boolean, name text);"
            + "INSERT INTO shop.orders SELECT i, i * 1.5, '2026-01-31T10:15:30.25Z', '{\"a\": 1}', i % 2 = 0, CASE WHEN i = 1 THEN '' END FROM generate_series(1, 1000) i");
        _host = await QueryHost.StartAsync(_database);
    }

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Theory]
    [InlineData("SELECT count(*), sum(amount) FROM shop.orders", "1000|750750.00")]
    [InlineData("SELECT * FROM shop.orders WHERE id = 1", "1|1.50|2026-01-31T10:15:30.25Z|{\"a\": 1}|false|")]
    [InlineData("(SELECT 1)", "1")]
    [InlineData("WITH a AS (SELECT 1 AS x) SELECT x FROM a -- ;", "1")]
    [InlineData("VALUES (1, NULL);", "1|NULL")]
    [InlineData("SELECT id FROM shop.orders WHERE id = $id AND $text = 'a;b''c'", "7")]
    public async Task Run_Select_GivesRows(string sql, string row) =>
        Assert.Equal([row], await _host.RowsAsync(sql, QueryEngine.Warehouse, new() { ["id"] = 7, ["text"] = "a;b'c" }));

    [Fact]
    public async Task Run_Explain_GivesThePlan() => Assert.Contains(await _host.RowsAsync("EXPLAIN SELECT * FROM shop.orders", QueryEngine.Warehouse), r => r.Contains("Seq Scan", StringComparison.Ordinal));

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(_database);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
