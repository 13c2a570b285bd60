using System.Text.Json.Nodes;
using Npgsql;
using Pipeline.Testing;

namespace Pipeline.Workflows.Tests.Kinds;

public sealed class PostgresSourceSuite(PostgresFixture postgres) : SourceSuite, IClassFixture<PostgresFixture>, IAsyncLifetime
{
    private string _connection = "";

    private protected override string Missing => $$""" "postgres":{"table":"shop.none","connection":"{{_connection}}"} """;

    private protected override string MissingName => "shop.none";

    public async Task InitializeAsync() => _connection = await postgres.CreateDatabaseAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task Types_OfPostgres_ArriveAsTheirLikes()
    {
        await ExecuteAsync("""
            SET TIME ZONE 'America/New_York'; SET datestyle = 'German';
            CREATE SCHEMA shop; CREATE TYPE shop.mood AS ENUM ('good', 'bad');
            CREATE TABLE shop.t AS SELECT true AS b, 1::smallint AS i2, -2 AS i4, 3::bigint AS i8, 1.5::real AS f4, 0.1::double precision AS f8, 1234.50::numeric(10,2) AS n, 0.333::numeric AS o,
                'x'::char(3) AS c, 'a"b,'::varchar(10) AS v, ''::text AS e, NULL::text AS nul, '{"a": [1]}'::jsonb AS j, '00112233-4455-6677-8899-aabbccddeeff'::uuid AS u, '\xDEAD'::bytea AS bin,
                DATE '2024-01-31' AS d, TIMESTAMP '2024-01-02 03:04:05.678901' AS ts, TIMESTAMPTZ '2024-01-02 03:04:05+02' AS tz, TIME '10:11:12' AS tm, INTERVAL '1 day' AS iv,
                ARRAY[1,2] AS arr, 'good'::shop.mood AS mood, '10.0.0.1'::inet AS ip
            """);
        var result = await ExtractAsync($$""" "postgres":{"table":"shop.t","connection":"{{_connection}}"} """);
        Assert.Equal(
            "b BOOLEAN, i2 SMALLINT, i4 INTEGER, i8 BIGINT, f4 FLOAT, f8 DOUBLE, n DECIMAL(10,2), o DECIMAL(38,18), c VARCHAR, v VARCHAR, e VARCHAR, nul VARCHAR, j JSON, u UUID, bin BLOB, "
            + "d DATE, ts TIMESTAMP, tz TIMESTAMP WITH TIME ZONE, tm TIME, iv VARCHAR, arr JSON, mood VARCHAR, ip VARCHAR",
            Host.Columns(result).Replace("\"", "", StringComparison.Ordinal));
        Assert.Equal(
            """{"b":true,"i2":1,"i4":-2,"i8":3,"f4":1.5,"f8":0.1,"n":1234.5,"o":0.333000000000000000,"c":"x","v":"a\"b,","e":"","nul":null,"j":{"a":[1]},"u":"00112233-4455-6677-8899-aabbccddeeff","bin":"\\xDE\\xAD","d":"2024-01-31","ts":"2024-01-02 03:04:05.678901","tz":"2024-01-02 01:04:05+00","tm":"10:11:12","iv":"1 day","arr":[1,2],"mood":"good","ip":"10.0.0.1/32"}""",
            Assert.Single(await Host.RowsAsync(result)).Replace(": ", ":", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Cursor_GoesOnWhereTheLastRunEnded()
    {
        await ExecuteAsync("CREATE SCHEMA shop; CREATE TABLE shop.t AS SELECT id, TIMESTAMPTZ '2024-01-01 00:00:00.000001+00' + id * INTERVAL '1 hour' AS at FROM generate_series(1, 5) id");
        var source = $$""" "postgres":{"query":"SELECT * FROM shop.t; ","connection":"{{_connection}}","cursor":{"column":"at","initial":"2024-01-01 02:00:00.000001+00"} } """;
        var first = await ExtractAsync(source);
        Assert.Equal(3, first.RowsWritten);
        Assert.Equal("2024-01-01 05:00:00.000001+00", first.Cursor!.ToString());
        await ExecuteAsync("INSERT INTO shop.t VALUES (6, '2024-01-02')");
        var second = await Host.RunAsync("extract", $$"""{"source":{ {{source}} } }""", cursor: first.Cursor);
        Assert.Equal(["""{"id":6,"at":"2024-01-02 00:00:00+00"}"""], await Host.RowsAsync(second));
        var third = await Host.RunAsync("extract", $$"""{"source":{ {{source}} } }""", cursor: second.Cursor);
        Assert.Null(third.Cursor);
        Assert.Equal("id INTEGER, at TIMESTAMP WITH TIME ZONE", Host.Columns(third).Replace("\"", "", StringComparison.Ordinal));
        var error = await Assert.ThrowsAsync<TerminalException>(() => ExtractAsync(source.Replace("\"at\"", "\"nope\"", StringComparison.Ordinal)));
        Assert.Contains("there is no column 'nope' for the cursor; there are id, at.", error.Message, StringComparison.Ordinal);
        var injected = await Assert.ThrowsAsync<TerminalException>(
            () => Host.RunAsync("extract", $$"""{"source":{ {{source}} } }""", cursor: JsonValue.Create("'; DROP TABLE shop.t; --")));
        Assert.Contains("invalid input syntax for type timestamp", injected.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Query_ThatIsSilentForTooLong_IsTransient()
    {
        using var host = new KindHost(o => o.SourceTimeout = TimeSpan.FromMilliseconds(300));
        var error = await host.FailAsync<TransientException>("extract", $$"""{"source":{"postgres":{"query":"SELECT pg_sleep(60)","connection":"{{_connection}}"} } }""");
        Assert.Contains("came", error.Message, StringComparison.Ordinal);
        Assert.Empty(host.LakeFiles());
    }

    [Fact]
    public async Task Query_ThatWrites_IsRefused()
    {
        await ExecuteAsync("CREATE SEQUENCE s");
        var error = await Assert.ThrowsAsync<TerminalException>(() => ExtractAsync($$""" "postgres":{"query":"SELECT nextval('s') AS id","connection":"{{_connection}}"} """));
        Assert.EndsWith("cannot execute nextval() in a read-only transaction; a source is only read.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task LongValues_ArriveWhole()
    {
        await ExecuteAsync("CREATE SCHEMA shop; CREATE TABLE shop.t AS SELECT 1 AS id, repeat('x', 5000000) AS name");
        var result = await Host.RunAsync("extract", $$"""{"source":{"postgres":{"table":"shop.t","connection":"{{_connection}}"} },"select":"SELECT length(name) AS n FROM source"}""");
        Assert.Equal(["""{"n":5000000}"""], await Host.RowsAsync(result));
    }

    private protected override async Task<string> MakeAsync(IReadOnlyList<(long Id, string? Name)> rows)
    {
        await ExecuteAsync("CREATE SCHEMA shop; CREATE TABLE shop.t (id bigint, name text)");
        await using var connection = new NpgsqlConnection(_connection);
        await connection.OpenAsync();
        await using (var copy = await connection.BeginBinaryImportAsync("COPY shop.t FROM STDIN (FORMAT binary)"))
        {
            foreach (var (id, name) in rows)
            {
                await copy.StartRowAsync();
                await copy.WriteAsync(id);
                await (name is null ? copy.WriteNullAsync() : copy.WriteAsync(name));
            }

            await copy.CompleteAsync();
        }

        return $$""" "postgres":{"table":"shop.t","connection":"{{_connection}}"} """;
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(_connection);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
