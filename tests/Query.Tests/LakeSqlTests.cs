using Microsoft.Extensions.DependencyInjection;
using Pipeline.Query.Contracts;
using Pipeline.Query.Infrastructure.Lake;

namespace Pipeline.Query.Tests;

public sealed class LakeSqlTests(LakeSqlTests.Tables tables) : IClassFixture<LakeSqlTests.Tables>
{
    private readonly QueryHost _host = tables.Host;

    [Theory]
    [InlineData("SELECT count(*) FROM raw.purchased_items", "10")]
    [InlineData("FROM raw.purchased_items SELECT sum(id)", "45")]
    [InlineData("SELECT purchased_items.id FROM raw.purchased_items WHERE raw.purchased_items.id = 3", "3")]
    [InlineData("SELECT p.id FROM RAW.Purchased_Items AS p WHERE p.id = 4", "4")]
    [InlineData("SELECT name FROM tmdb.silver.cast", "A")]
    [InlineData("SELECT c.name FROM \"tmdb\".silver.\"cast\" c", "A")]
    [InlineData("SELECT name FROM \"tmdb/silver\".\"cast\"", "A")]
    [InlineData("SELECT x FROM \"a/b/c\".deep", "42")]
    [InlineData("SELECT s.title, g.title FROM silver.movies s JOIN gold.movies g USING (id)", "T|G")]
    [InlineData("SELECT silver.movies.title, gold.movies.title FROM silver.movies JOIN gold.movies ON silver.movies.id = gold.movies.id", "T|G")]
    [InlineData("SELECT title FROM lake('silver/movies')", "T")]
    [InlineData("SELECT m.title FROM lake('silver/movies') AS m", "T")]
    [InlineData("WITH movies AS (SELECT 7 AS x) SELECT x FROM movies, silver.movies m", "7")]
    [InlineData("WITH a AS (SELECT id FROM silver.movies) SELECT * FROM a", "1")]
    [InlineData("SELECT (SELECT max(id) FROM raw.purchased_items)", "9")]
    [InlineData("SELECT * FROM range(3) LIMIT 1", "0")]
    [InlineData("VALUES (1, 'a')", "1|a")]
    [InlineData("SELECT true, 1.50, DATE '2026-01-31', TIMESTAMPTZ '2026-01-31 10:15:30.25+02', [1, 2], {'a': 1}, NULL, 1e20::DOUBLE", "true|1.50|2026-01-31|2026-01-31T08:15:30.25Z|[1,2]|{\"a\":1}|NULL|1E+20")]
    [InlineData("DESCRIBE silver.movies", null)]
    [InlineData("SUMMARIZE silver.movies", null)]
    [InlineData("EXPLAIN SELECT * FROM silver.movies", null)]
    [InlineData("EXPLAIN ANALYZE SELECT * FROM silver.movies;", null)]
    public async Task Run_Select_GivesRows(string sql, string? row)
    {
        var rows = await _host.RowsAsync(sql);
        if (row is not null)
            Assert.Equal([row], rows);
    }

    [Theory]
    [InlineData("SELECT count(*) FROM raw.purchased_items WHERE UserId = $user AND id < $id", "2")]
    [InlineData("SELECT $text", "a'b;\n$id")]
    [InlineData("SELECT $none IS NULL, $yes, $exact, $moment", "true|true|1.25|2026-01-31T10:15:30Z")]
    [InlineData("SELECT count(*) FROM lake($path)", "1")]
    [InlineData("SELECT count(*) FROM lake($path, $version)", "0")]
    public async Task Run_Parameters_AreValues(string sql, string row)
    {
        var parameters = new Dictionary<string, object?>
        {
            ["user"] = "user-1", ["id"] = 5, ["text"] = "a'b;\n$id", ["none"] = null, ["yes"] = true, ["exact"] = 1.25m, ["path"] = "silver/movies", ["version"] = 0L,
            ["moment"] = new DateTimeOffset(2026, 1, 31, 12, 15, 30, TimeSpan.FromHours(2)),
        };
        Assert.Equal([row], await _host.RowsAsync(sql, parameters: parameters));
    }

    [Fact]
    public async Task Run_OlderVersion_IsReadAsItWas()
    {
        await using var host = await Tables.CreateAsync();
        await host.TableAsync("silver/movies", "SELECT 2 AS id, 'U' AS title");
        Assert.Equal(["0|1|2"], await host.RowsAsync("SELECT (SELECT count(*) FROM lake('silver/movies', 0)), (SELECT count(*) FROM lake('silver/movies', 1)), (SELECT count(*) FROM silver.movies)"));
        Assert.Equal(SqlErrorKind.Invalid, (await host.ErrorAsync("SELECT * FROM lake('silver/movies', 99)")).Kind);
    }

    /// <summary>Nothing is written, no other file is read, no setting is changed, whatever way the statement tries it.</summary>
    [Theory]
    [InlineData("CREATE TABLE x AS SELECT 1")]
    [InlineData("DROP VIEW movies")]
    [InlineData("INSERT INTO raw.purchased_items VALUES (1, 'x')")]
    [InlineData("COPY (SELECT 1) TO '{folder}/stolen.csv'")]
    [InlineData("COPY (SELECT 1) TO '{folder}/lake/stolen.csv'")]
    [InlineData("EXPLAIN ANALYZE COPY (SELECT 1) TO '{folder}/stolen.csv'")]
    [InlineData("EXPLAIN ANALYZE CREATE TABLE x AS SELECT 1")]
    [InlineData("EXPORT DATABASE '{folder}/stolen'")]
    [InlineData("ATTACH '{folder}/stolen.db'")]
    [InlineData("ATTACH ':memory:' AS m")]
    [InlineData("INSTALL httpfs")]
    [InlineData("LOAD httpfs")]
    [InlineData("SET memory_limit = '8GB'")]
    [InlineData("SET GLOBAL enable_external_access = true")]
    [InlineData("RESET lock_configuration")]
    [InlineData("PRAGMA memory_limit = '8GB'")]
    [InlineData("CALL enable_logging(storage = 'file', storage_path = '{folder}')")]
    [InlineData("SELECT * FROM enable_logging(storage = 'file', storage_path = '{folder}')")]
    [InlineData("SELECT * FROM main.enable_logging()")]
    [InlineData("SELECT * FROM read_text('{folder}/secret.txt')")]
    [InlineData("SELECT * FROM read_csv('/etc/passwd')")]
    [InlineData("SELECT * FROM '{folder}/secret.csv'")]
    [InlineData("SELECT * FROM \"{folder}/lake/secret.csv\"")]
    [InlineData("SELECT * FROM (WITH \"{folder}/lake/secret.csv\" AS (SELECT 1) SELECT 1), \"{folder}/lake/secret.csv\"")]
    [InlineData("SELECT * FROM glob('{folder}/*')")]
    [InlineData("SELECT * FROM read_blob('{folder}/lake/.staging/*')")]
    [InlineData("SELECT * FROM parquet_metadata('{folder}/lake/x.parquet')")]
    [InlineData("SELECT * FROM (SELECT * FROM (SELECT x FROM (VALUES (1)) t(x), read_text('{folder}/secret.txt')))")]
    [InlineData("SELECT (SELECT max(content) FROM read_text('{folder}/secret.txt'))")]
    [InlineData("SELECT * FROM query('SELECT 1')")]
    [InlineData("SELECT * FROM query_table('movies')")]
    [InlineData("SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))")]
    [InlineData("SELECT * FROM arrow_scan(1, 2, 3)")]
    [InlineData("SELECT * FROM duckdb_settings()")]
    [InlineData("SELECT * FROM duckdb_secrets()")]
    [InlineData("SELECT * FROM checkpoint()")]
    [InlineData("SELECT current_setting('temp_directory')")]
    [InlineData("SELECT write_log('x')")]
    [InlineData("SELECT sleep_ms(100000)")]
    [InlineData("SELECT length(repeat('a', 2000000000))")]
    [InlineData("SELECT length(range(1000000000))")]
    [InlineData("SHOW TABLES")]
    [InlineData("SHOW ALL TABLES")]
    [InlineData("SELECT 1; DROP TABLE x")]
    [InlineData("SELECT 1) TO '{folder}/stolen.csv'; COPY (SELECT 1")]
    [InlineData("PREPARE p AS SELECT 1")]
    [InlineData("BEGIN")]
    public async Task Run_Hostile_IsRefusedAndHarmsNothing(string sql)
    {
        await File.WriteAllTextAsync(Path.Combine(_host.Folder, "secret.txt"), "topsecret");
        await File.WriteAllTextAsync(Path.Combine(_host.Folder, "secret.csv"), "a\ntopsecret");
        await File.WriteAllTextAsync(Path.Combine(_host.Folder, "lake", "secret.csv"), "a\ntopsecret");
        sql = sql.Replace("{folder}", _host.Folder, StringComparison.Ordinal);
        var error = await _host.ErrorAsync(sql);
        Assert.Contains(error.Kind, (SqlErrorKind[])[SqlErrorKind.Refused, SqlErrorKind.Invalid]);
        Assert.DoesNotContain("topsecret", error.Sentence, StringComparison.Ordinal);
        await using var export = await _host.SendAsync(new ExportSql(QueryEngine.Lake, sql, ExportFormat.Parquet));
        Assert.NotNull(export.Error);
        Assert.Empty(Directory.GetFileSystemEntries(_host.Folder, "stolen*", SearchOption.AllDirectories));
        Assert.Equal(["10"], await _host.RowsAsync("SELECT count(*) FROM raw.purchased_items"));
    }

    [Theory]
    [InlineData("SELECT\n  idd\nFROM silver.movies", 2, 3, "idd", "Candidate bindings")]
    [InlineData("SELECT * FROM silver.movis", 1, 15, "silver.movis", "silver.movies")]
    [InlineData("SELECT * FROM movies", 1, 15, "no table movies", "silver.movies")]
    [InlineData("SELECT *\nFORM silver.movies", 2, 6, "syntax error", null)]
    [InlineData("SELECT 'üü', $text, idd FROM silver.movies", 1, 21, "idd", null)]
    [InlineData("SELECT 'üü', ) FROM silver.movies", 1, 14, "syntax error", null)]
    [InlineData("SELECT $other", 1, 8, "$other", "$text")]
    [InlineData("SELECT * FROM lake('nothing/here')", 1, 15, "nothing/here", null)]
    [InlineData("SELECT 1;\n\n  SELECT 2", 3, 3, "second statement", null)]
    [InlineData("EXPLAIN SELECT idd FROM silver.movies", 1, 16, "idd", null)]
    public async Task Run_WrongStatement_SaysWhere(string sql, int line, int column, string message, string? hint)
    {
        var error = await _host.ErrorAsync(sql, parameters: new() { ["text"] = "some longer text" });
        Assert.Equal((line, column), (error.Line, error.Column));
        Assert.Contains(message, error.Message, StringComparison.OrdinalIgnoreCase);
        if (hint is not null)
            Assert.Contains(hint, error.Hint, StringComparison.Ordinal);
        Assert.DoesNotContain(_host.Folder, error.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_ErrorAmongTheRows_EndsTheStream()
    {
        var result = await _host.RunAsync("SELECT 1 / (CASE WHEN i < 5000 THEN 1 ELSE CAST('x' AS INTEGER) END) FROM range(10000) t(i)", maxRows: 100_000);
        Assert.NotNull(result.Error);
        Assert.Equal(SqlErrorKind.Invalid, result.Error.Kind);
    }

    [Fact]
    public async Task Engine_NobodyUsesIt_IsClosedAndComesBack()
    {
        var time = new ManualTimer();
        await using var host = await QueryHost.StartAsync(replace: services => services.AddSingleton<TimeProvider>(time));
        var engine = host.Services.GetRequiredService<LakeSqlEngine>();
        Assert.False(engine.IsOpen);
        Assert.Equal(["1"], await host.RowsAsync("SELECT 1"));
        Assert.True(engine.IsOpen);
        time.Fire(TimeSpan.FromMinutes(1));
        Assert.False(engine.IsOpen);
        Assert.Equal(["1"], await host.RowsAsync("SELECT 1"));
    }

    [Fact]
    public async Task Run_MoreThanTheMemory_SpillsOrFailsWithASentence()
    {
        await using var host = await QueryHost.StartAsync(settings: new() { ["Query:EngineMemoryBytes"] = "33554432", ["Query:SpillBytes"] = "1048576" });
        Assert.Equal(["0"], await host.RowsAsync("SELECT i FROM range(1000000) t(i) ORDER BY i LIMIT 1"));
        var error = await host.ErrorAsync("SELECT count(*) FROM (SELECT DISTINCT hash(i), i::VARCHAR || '-' || hash(i) FROM range(3000000) t(i))");
        Assert.Equal(SqlErrorKind.MemoryLimit, error.Kind);
        Assert.Contains("32 MiB", error.Message, StringComparison.Ordinal);
        Assert.Equal(["1"], await host.RowsAsync("SELECT 1"));
    }

    [Fact]
    public async Task Schema_NamesOfAllTables_CanBeUsedAsTheyAre()
    {
        await using var host = await Tables.CreateAsync();
        await host.TableAsync("select/From me", "SELECT 5 AS x");
        await host.TableAsync("top", "SELECT 6 AS x");
        var schema = await host.SendAsync(new GetSqlSchema());
        var lake = schema.Engines.Single(e => e.Engine == QueryEngine.Lake);
        Assert.Null(lake.Error);
        Assert.Equal(
            ["\"a/b/c\".deep", "\"select\".\"From me\"", "gold.movies", "raw.purchased_items", "silver.movies", "tmdb.silver.cast", "top"],
            lake.Tables.Select(t => t.Name).Order(StringComparer.Ordinal));
        foreach (var table in lake.Tables)
            Assert.Single(await host.RowsAsync($"SELECT count(*) FROM {table.Name}"));
        Assert.Equal(["id BIGINT", "UserId VARCHAR"], lake.Tables.Single(t => t.Path == "raw/purchased_items").Columns!.Select(c => $"{c.Name} {c.Type}"));
        Assert.Equal(1, lake.Tables.Single(t => t.Path == "raw/purchased_items").Version);

        // The warehouse is not there in these tests.
        Assert.NotNull(schema.Engines.Single(e => e.Engine == QueryEngine.Warehouse).Error);
    }

    [Fact]
    public async Task Schema_OutOfTime_GivesNamesNowAndColumnsTheNextTime()
    {
        var tables = new LakeTables(_host.Lake, Microsoft.Extensions.Logging.Abstractions.NullLogger<LakeTables>.Instance);
        var (first, complete) = await tables.ListAsync(new CancellationToken(canceled: true), CancellationToken.None);
        Assert.Equal(5, first.Count);
        Assert.False(complete && first.Any(t => t.Columns is null));
        var (second, _) = await tables.ListAsync(CancellationToken.None, CancellationToken.None);
        Assert.All(second, t => Assert.NotEmpty(t.Columns!));
    }

    /// <summary>A lake with a few tables, which these tests only read.</summary>
    public sealed class Tables : IAsyncLifetime
    {
        internal QueryHost Host { get; private set; } = null!;

        public async Task InitializeAsync() => Host = await CreateAsync();

        public async Task DisposeAsync() => await Host.DisposeAsync();

        internal static async Task<QueryHost> CreateAsync()
        {
            var host = await QueryHost.StartAsync();
            await host.TableAsync("raw/purchased_items", "SELECT i AS id, 'user-' || (i % 3) AS UserId FROM range(10) t(i)");
            await host.TableAsync("tmdb/silver/cast", "SELECT 1 AS id, 'A' AS name");
            await host.TableAsync("silver/movies", "SELECT 1 AS id, 'T' AS title");
            await host.TableAsync("gold/movies", "SELECT 1 AS id, 'G' AS title");
            await host.TableAsync("a/b/c/deep", "SELECT 42 AS x");
            return host;
        }
    }
}
