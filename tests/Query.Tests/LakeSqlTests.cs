namespace Pipeline.Query.Tests;

public sealed class LakeSqlTests : IAsyncLifetime
{
    private QueryHost _host = null!;

    public async Task InitializeAsync()
    {
        _host = await QueryHost.StartAsync();
        await _host.TableAsync("raw/purchased_items", "SELECT i AS id, 'user-' || (i % 3) AS UserId FROM range(10) t(i)");
        await _host.TableAsync("tmdb/silver/cast", "SELECT 1 AS id, 'A' AS name");
        await _host.TableAsync("silver/movies", "SELECT 1 AS id, 'T' AS title");
        await _host.TableAsync("gold/movies", "SELECT 1 AS id, 'G' AS title");
        await _host.TableAsync("a/b/c/deep", "SELECT 42 AS x");
    }

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Theory]
    [InlineData("SELECT count(*) FROM raw.purchased_items", "10")]
    [InlineData("FROM raw.purchased_items SELECT sum(id)", "45")]
    [InlineData("SELECT purchased_items.id FROM raw.purchased_items WHERE raw.purchased_items.id = 3", "3")]
    [InlineData("SELECT p.id FROM RAW.Purchased_Items AS p WHERE p.id = 4", null)]
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
}
