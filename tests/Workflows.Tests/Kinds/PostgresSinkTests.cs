using System.Globalization;
using FsCheck.Fluent;
using Npgsql;
using Pipeline.Testing;

namespace Pipeline.Workflows.Tests.Kinds;

public sealed class PostgresSinkSuite(PostgresFixture postgres) : SinkSuite, IClassFixture<PostgresFixture>, IAsyncLifetime
{
    private string _connection = "";

    private protected override string Sink => Settings("truncate_insert");

    public async Task InitializeAsync() => _connection = await postgres.CreateDatabaseAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task Append_ByTwoRuns_AddsAndByTwoTriesDoesNot()
    {
        await LoadAsync("append", "SELECT 1 AS id, 'a' AS name");
        await LoadAsync("append", "SELECT 1 AS id, 'a' AS name", attempt: 2);
        await LoadAsync("append", "SELECT 2 AS id, 'b' AS name", run: 2);
        Assert.Equal(["1=a", "2=b"], await ReadAsync());
        Assert.Contains(Host.Log.Lines, l => l.StartsWith("An earlier try of this task committed its 1 rows", StringComparison.Ordinal));
    }

    [Fact]
    public async Task LoadsAtOnce_IntoTablesOfASchemaThatIsNotThere_AllSucceed()
    {
        await using var first = new NpgsqlConnection(_connection);
        await first.OpenAsync();
        await using (var hold = new NpgsqlCommand("SELECT pg_advisory_lock(x'706970656c6f6164'::bigint)", first))
            await hold.ExecuteNonQueryAsync();

        // All have seen that there is no schema, and wait to create it.
        var loads = Enumerable.Range(0, 4).Select(i => Task.Run(() => Host.RunAsync(
            "load", $$"""{ "query": "SELECT 1 AS id", "postgres": { "connection": "{{_connection}}", "table": "new.t{{i}}" } }""", task: $"load_{i}"))).ToList();
        await Eventually.TrueAsync(async () => await ScalarAsync("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") is 4L);
        await using (var release = new NpgsqlCommand("SELECT pg_advisory_unlock_all()", first))
            await release.ExecuteNonQueryAsync();
        await Task.WhenAll(loads);
        Assert.Equal(4L, await ScalarAsync("SELECT count(*) FROM pg_tables WHERE schemaname = 'new' AND tablename LIKE 't_'"));
    }

    [Fact]
    public async Task Upsert_ByKeys_ReplacesAndAddsAndKeepsOtherColumns()
    {
        await LoadAsync("upsert", "SELECT * FROM (VALUES (1, 'a'), (2, 'b')) v(id, name)", keys: "id");
        await ExecuteAsync("ALTER TABLE shop.t ADD COLUMN more text DEFAULT 'kept'");
        await LoadAsync("upsert", "SELECT * FROM (VALUES (2, 'new'), (3, 'c')) v(id, name)", run: 2, keys: "id");
        Assert.Equal(["1=a", "2=new", "3=c"], await ReadAsync());
        Assert.Equal(3L, await ScalarAsync("SELECT count(*) FROM shop.t WHERE more = 'kept'"));
        Assert.Equal("PRIMARY KEY (id)", await ScalarAsync("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'shop.t'::regclass AND contype = 'p'"));
    }

    [Fact]
    public async Task Upsert_WhereItCannotBe_SaysWhy()
    {
        var twice = await Assert.ThrowsAsync<TerminalException>(() => LoadAsync("upsert", "SELECT 1 AS id, 'a' AS name UNION ALL SELECT 1, 'b'", keys: "id"));
        Assert.Equal("Load into shop.t: several rows have the same keys (id).", twice.Message);
        await ExecuteAsync("CREATE SCHEMA IF NOT EXISTS shop; CREATE TABLE shop.t (id int, name text)");
        var without = await Assert.ThrowsAsync<TerminalException>(() => LoadAsync("upsert", "SELECT 1 AS id, 'a' AS name", keys: "id"));
        Assert.Contains("no unique constraint on (id)", without.Message, StringComparison.Ordinal);
        Assert.Empty((await ReadAsync())!);
    }

    [Fact]
    public async Task TruncateInsert_WhileOthersRead_NeverShowsAnEmptyTable()
    {
        await LoadAsync("truncate_insert", "SELECT 1 AS id, 'a' AS name");
        await using var reader = new NpgsqlConnection(_connection);
        await reader.OpenAsync();
        await using var transaction = await reader.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead);
        await using var now = new NpgsqlCommand("SELECT 1", reader);
        await now.ExecuteScalarAsync();
        await LoadAsync("truncate_insert", "SELECT 2 AS id, 'b' AS name", run: 2);
        await using var count = new NpgsqlCommand("SELECT min(id) FROM shop.t", reader);
        Assert.Equal(1, await count.ExecuteScalarAsync());
        Assert.Equal(["2=b"], await ReadAsync());
    }

    [Fact]
    public async Task TruncateInsert_OfSeveralRunsAtATime_IsOneOfThem()
    {
        await LoadAsync("truncate_insert", "SELECT 0 AS id, 'a' AS name");
        await Task.WhenAll(Enumerable.Range(2, 6).Select(run => LoadAsync("truncate_insert", $"SELECT {run} AS id, 'a' AS name", run: run)));
        Assert.Single((await ReadAsync())!);
    }

    [Fact]
    public async Task Table_ThatIsMissing_IsCreatedWithTypesThatHoldTheValues()
    {
        await LoadAsync("append", """
            SELECT true AS b, 1::TINYINT AS i1, 2::SMALLINT AS i2, -3 AS i4, 4::BIGINT AS i8, 18446744073709551615::UBIGINT AS u8, 170141183460469231731687303715884105727::HUGEINT AS h,
            1.5::FLOAT AS f4, -2.25 ::DOUBLE AS f8, -12345.6789::DECIMAL(18,4) AS d, 'ü' AS t, DATE '1969-12-31' AS day, TIMESTAMP '2024-01-02 03:04:05.678901' AS ts,
            TIMESTAMPTZ '2024-01-02 03:04:05+00' AS tz, TIME '10:11:12.5' AS c, '00112233-4455-6677-8899-aabbccddeeff'::UUID AS u, '\\x00\\xFF'::BLOB AS bin, '{}'::JSON AS j,
            [1, 2] AS l, {'a': 1} AS s, MAP {'k': 1} AS m, INTERVAL 1 DAY AS iv, chr(0) || 'x' AS nul, NULL::INT AS n
            """.ReplaceLineEndings(" ").Replace("\"", "\\\"", StringComparison.Ordinal));
        Assert.Equal(
            """
            {"b": true, "c": "10:11:12.5", "d": -12345.6789, "h": 170141183460469231731687303715884105727, "j": {}, "l": [1, 2], "m": {"k": 1}, "n": null, "s": {"a": 1}, "t": "ü", "u": "00112233-4455-6677-8899-aabbccddeeff", "f4": 1.5, "f8": -2.25, "i1": 1, "i2": 2, "i4": -3, "i8": 4, "iv": "1 day", "ts": "2024-01-02T03:04:05.678901", "tz": "2024-01-02T03:04:05+00:00", "u8": 18446744073709551615, "bin": "\\x00ff", "day": "1969-12-31", "nul": "�x"}
            """.Trim(),
            await ScalarAsync("SET TIME ZONE 'UTC'; SELECT to_jsonb(whole)::text FROM shop.t AS whole"));
    }

    [Fact]
    public async Task Table_WithTypesOfItsOwn_GetsTheValuesConverted()
    {
        await ExecuteAsync("""
            CREATE SCHEMA shop; CREATE TYPE shop.mood AS ENUM ('good', 'bad');
            CREATE TABLE shop.t (id serial, a numeric(10,2), b numeric, c varchar(5), d char(3), e shop.mood, f inet, g int[], h timestamptz, i json, j bigint, twice bigint GENERATED ALWAYS AS (j * 2) STORED, k interval)
            """);
        await LoadAsync("append", "SELECT 1.005::DOUBLE AS a, 1e20::DOUBLE AS b, 'abc' AS c, 'x' AS d, 'bad' AS e, '10.0.0.1' AS f, '{1,2}' AS g, DATE '2024-01-01' AS h, {'x': [1]} AS i, '42' AS j, '1 day' AS k");
        Assert.Equal(
            """{"a": 1.00, "b": 100000000000000000000, "c": "abc", "d": "x  ", "e": "bad", "f": "10.0.0.1", "g": [1, 2], "h": "2024-01-01T00:00:00+00:00", "i": {"x": [1]}, "j": 42, "k": "1 day", "id": 1, "twice": 84}""",
            await ScalarAsync("SET TIME ZONE 'UTC'; SELECT to_jsonb(whole)::text FROM shop.t AS whole"));
    }

    [Theory]
    [InlineData("SELECT 'abcdef' AS c", "Load into shop.t: value too long for type character varying(5) (22001). COPY t, line 1, column c")]
    [InlineData("SELECT 'x' AS j", "query of task task, line 1: Conversion Error: Could not convert string 'x' to INT64")]
    [InlineData("SELECT 1 AS nope", "Load into shop.t: the table has no column nope; it has c, j.")]
    public async Task Rows_ThatDoNotFit_AreATerminalErrorAndNothingIsThere(string query, string message)
    {
        await ExecuteAsync("CREATE SCHEMA shop; CREATE TABLE shop.t (c varchar(5), j bigint)");
        var error = await Assert.ThrowsAsync<TerminalException>(() => LoadAsync("append", query));
        Assert.StartsWith(message, error.Message, StringComparison.Ordinal);
        Assert.Equal(0L, await ScalarAsync("SELECT count(*) FROM shop.t"));
        Assert.Null(await ScalarAsync("SELECT to_regclass('shop.pipeline_loads')::text") as string);
    }

    [Fact]
    public async Task Decimals_OfAnyScale_ArriveExactly()
    {
        var decimals = from unscaled in Gen.OneOf(Gen.Choose(-100_000, 100_000).Select(i => (long)i), ArbMap.Default.GeneratorFor<long>())
                       from scale in Gen.Choose(0, 18)
                       where Math.Abs((decimal)unscaled) < 1_000_000_000_000_000_000m
                       select (unscaled, scale);
        var values = decimals.Sample(200).Select(v => $"CAST('{Text(v.unscaled, v.scale)}' AS DECIMAL(38,{v.scale}))").ToList();
        var i = 0;
        var columns = string.Join(", ", values.Select(v => $"{v} AS c{i++}"));
        await LoadAsync("append", $"SELECT {columns}");
        var expected = Host.Query($"SELECT list_value({string.Join(", ", values.Select(v => $"CAST({v} AS VARCHAR)"))}) AS l");
        Assert.Equal(expected[0], $$"""{"l":[{{await ScalarAsync($"SELECT {string.Join(" || ',' || ", Enumerable.Range(0, i).Select(n => $"'\"' || c{n} || '\"'"))} FROM shop.t")}}]}""");

        static string Text(long unscaled, int scale)
        {
            var digits = Math.Abs((decimal)unscaled).ToString(CultureInfo.InvariantCulture).PadLeft(scale + 1, '0');
            return (unscaled < 0 ? "-" : "") + (scale == 0 ? digits : $"{digits[..^scale]}.{digits[^scale..]}");
        }
    }

    [Fact]
    public async Task Marks_OfLongAgo_AreRemoved()
    {
        await LoadAsync("append", "SELECT 1 AS id, 'a' AS name");
        await ExecuteAsync("UPDATE shop.pipeline_loads SET loaded_at = now() - interval '31 days'");
        await LoadAsync("append", "SELECT 2 AS id, 'b' AS name", run: 2);
        Assert.Equal("workflows/shop/task/2@20240301T060000", await ScalarAsync("SELECT string_agg(effect_id, ' ') FROM shop.pipeline_loads"));
    }

    [Fact]
    public async Task Database_ThatIsNotThere_IsTransientAndOneThatIsWrongIsNot()
    {
        await Host.FailAsync<TransientException>("load", """{"query":"SELECT 1","postgres":{"table":"t","connection":"Host=127.0.0.1;Port=1;Username=x;Timeout=2"} }""");
        await Host.FailAsync<TerminalException>("load", """{"query":"SELECT 1","postgres":{"table":"t","connection":"Nonsense=1"} }""");
    }

    private protected override async Task<IReadOnlyList<string>?> ReadAsync()
    {
        if (await ScalarAsync("SELECT to_regclass('shop.t')::text") is not string)
            return null;
        await using var connection = new NpgsqlConnection(_connection);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT id || '=' || name FROM shop.t ORDER BY id", connection);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
            rows.Add(reader.GetString(0));
        return rows;
    }

    private string Settings(string mode, string? keys = null) =>
        $$""" "postgres":{"table":"shop.t","mode":"{{mode}}","connection":"{{_connection}}"{{(keys is null ? "" : $",\"keys\":[\"{keys}\"]")}}} """;

    private Task<Application.TaskResult> LoadAsync(string mode, string query, long run = 1, int attempt = 1, string? keys = null) =>
        Host.RunAsync("load", $$"""{"query":"{{query}}",{{Settings(mode, keys)}}}""", run: run, attempt: attempt);

    private async Task ExecuteAsync(string sql) => await ScalarAsync(sql);

    private async Task<object?> ScalarAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(_connection);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }
}
