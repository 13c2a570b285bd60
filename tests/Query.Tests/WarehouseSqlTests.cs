using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Pipeline.Query.Contracts;
using Pipeline.Query.Infrastructure.Warehouse;
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
            + "CREATE SEQUENCE shop.numbers; CREATE FUNCTION shop.harm() RETURNS void LANGUAGE sql AS $$ DELETE FROM shop.orders $$;"
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

    /// <summary>Nothing is changed, no file is touched, no other session is disturbed, whatever way the statement tries it.</summary>
    [Theory]
    [InlineData("INSERT INTO shop.orders VALUES (1)")]
    [InlineData("DELETE FROM shop.orders")]
    [InlineData("WITH gone AS (DELETE FROM shop.orders RETURNING 1) SELECT * FROM gone")]
    [InlineData("SELECT 1; DELETE FROM shop.orders")]
    [InlineData("SELECT 1; COMMIT; DELETE FROM shop.orders; BEGIN")]
    [InlineData("SELECT * INTO shop.stolen FROM shop.orders")]
    [InlineData("CREATE TEMP TABLE x AS SELECT 1")]
    [InlineData("COPY (SELECT 1) TO PROGRAM 'touch {file}'")]
    [InlineData("COPY shop.orders TO '{file}'")]
    [InlineData("EXPLAIN ANALYZE DELETE FROM shop.orders")]
    [InlineData("EXPLAIN (ANALYZE) CREATE TABLE shop.stolen AS SELECT 1")]
    [InlineData("SELECT pg_read_file('/etc/passwd')")]
    [InlineData("SELECT pg_ls_dir('/')")]
    [InlineData("SELECT lo_export(lo_from_bytea(0, 'x'), '{file}')")]
    [InlineData("SELECT lo_import('/etc/passwd')")]
    [InlineData("SELECT set_config('default_transaction_read_only', 'off', false)")]
    [InlineData("SELECT \"set_config\"('role', 'pipeline', false)")]
    [InlineData("SELECT pg_catalog.set_config('transaction_read_only', 'off', true)")]
    [InlineData("SELECT U&\"\\0073et_config\"('role', 'pipeline', false)")]
    [InlineData("SELECT query_to_xml('DELETE FROM shop.orders', true, true, '')")]
    [InlineData("SELECT pg_terminate_backend(pid) FROM pg_stat_activity")]
    [InlineData("SELECT pg_advisory_lock(1)")]
    [InlineData("SELECT pg_notify('log_group', '1')")]
    [InlineData("SET SESSION default_transaction_read_only = off")]
    [InlineData("SET SESSION AUTHORIZATION pipeline")]
    [InlineData("RESET ROLE")]
    [InlineData("DO $$ BEGIN DELETE FROM shop.orders; END $$")]
    [InlineData("CALL pg_sleep(1)")]
    [InlineData("LISTEN x")]
    [InlineData("VACUUM shop.orders")]
    [InlineData("SELECT nextval('shop.numbers')")]
    [InlineData("SELECT * FROM shop.orders FOR UPDATE")]
    [InlineData("SELECT rolpassword FROM pg_authid")]
    [InlineData("SELECT * FROM pg_shadow")]
    [InlineData("SELECT shop.harm()")]
    public async Task Run_Hostile_IsRefusedAndHarmsNothing(string sql)
    {
        var file = Path.Combine(_host.Folder, "stolen");
        var error = await _host.ErrorAsync(sql.Replace("{file}", file, StringComparison.Ordinal), QueryEngine.Warehouse);
        Assert.Contains(error.Kind, (SqlErrorKind[])[SqlErrorKind.Refused, SqlErrorKind.Invalid]);
        Assert.False(File.Exists(file));
        Assert.Equal(["1000|0"], await _host.RowsAsync("SELECT (SELECT count(*) FROM shop.orders), (SELECT count(*) FROM pg_tables WHERE tablename = 'stolen')", QueryEngine.Warehouse));
    }

    /// <summary>What the rules do not see the role and the transaction refuse: they hold by themselves.</summary>
    [Fact]
    public async Task Role_ByItself_MayOnlyRead()
    {
        await _host.RowsAsync("SELECT 1", QueryEngine.Warehouse);
        await using var connection = await _host.Services.GetRequiredService<WarehouseReader>().OpenAsync(CancellationToken.None);
        Assert.Equal("pipeline_reader", await ScalarAsync("SELECT session_user::text"));
        Assert.Equal(false, await ScalarAsync("SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls FROM pg_roles WHERE rolname = session_user"));
        foreach (var sql in (string[])[
            "SET default_transaction_read_only = off; DELETE FROM shop.orders", "SET ROLE pipeline", "SET SESSION AUTHORIZATION pipeline", "SELECT pg_read_file('/etc/passwd')",
            "SET default_transaction_read_only = off; CREATE TABLE shop.stolen (x int)", "SET default_transaction_read_only = off; COPY (SELECT 1) TO PROGRAM 'true'",
            "SET default_transaction_read_only = off; SELECT lo_export(1, '/tmp/x')", "SELECT rolpassword FROM pg_authid"])
        {
            var refused = await Assert.ThrowsAsync<PostgresException>(() => ScalarAsync(sql));
            Assert.Contains(refused.SqlState, (string[])["42501", "25006"]);
        }

        async Task<object?> ScalarAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            return await command.ExecuteScalarAsync();
        }
    }

    [Fact]
    public async Task Run_TablesMadeLater_CanBeReadToo()
    {
        await _host.RowsAsync("SELECT 1", QueryEngine.Warehouse);
        await ExecuteAsync("CREATE SCHEMA later; CREATE TABLE later.things AS SELECT 7 AS x");
        Assert.Equal(["7"], await _host.RowsAsync("SELECT x FROM later.things", QueryEngine.Warehouse));
    }

    [Fact]
    public async Task Start_ManyProcessesOfManyDatabases_AllMayRead()
    {
        var hosts = await Task.WhenAll(Enumerable.Range(0, 6).Select(async i => await QueryHost.StartAsync(i < 3 ? _database : await postgres.CreateDatabaseAsync())));
        Assert.All(await Task.WhenAll(hosts.Select(h => h.RowsAsync("SELECT 1", QueryEngine.Warehouse))), r => Assert.Equal(["1"], r));
        foreach (var host in hosts)
            await host.DisposeAsync();
    }

    [Theory]
    [InlineData("SELECT\n  idd\nFROM shop.orders", 2, 3, "idd")]
    [InlineData("SELECT 'üü', $text, idd FROM shop.orders", 1, 21, "idd")]
    [InlineData("SELECT * FROM shop.order", 1, 15, "shop.order")]
    [InlineData("SELECT * FORM x", 1, 10, "Syntax error")]
    [InlineData("EXPLAIN SELECT idd FROM shop.orders", 1, 16, "idd")]
    [InlineData("SELECT 1 / (id - 1) FROM shop.orders", null, null, "Division by zero")]
    public async Task Run_WrongStatement_SaysWhere(string sql, int? line, int? column, string message)
    {
        var error = await _host.ErrorAsync(sql, QueryEngine.Warehouse, new() { ["text"] = "some longer text" });
        Assert.Equal((line, column), (error.Line, error.Column));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.Equal(SqlErrorKind.Invalid, error.Kind);
    }

    [Fact]
    public async Task Run_ServerThatIsAway_SaysSo()
    {
        await using var host = await QueryHost.StartAsync();
        Assert.Equal(SqlErrorKind.Unavailable, (await host.ErrorAsync("SELECT 1", QueryEngine.Warehouse)).Kind);
    }

    [Fact]
    public async Task Schema_Tables_HaveTheirColumns()
    {
        var schema = await _host.SendAsync(new GetSqlSchema());
        var warehouse = schema.Engines.Single(e => e.Engine == QueryEngine.Warehouse);
        Assert.Null(warehouse.Error);
        Assert.Equal(
            ["id integer", "amount numeric(10,2)", "at timestamp with time zone", "body jsonb", "flag boolean", "name text"],
            warehouse.Tables.Single(t => t.Name == "shop.orders").Columns!.Select(c => $"{c.Name} {c.Type}"));
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(_database);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
