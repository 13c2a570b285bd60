using System.Text;
using Pipeline.DuckDb;
using Pipeline.Query.Contracts;
using Pipeline.Testing;

namespace Pipeline.Query.Tests;

public sealed class ExportTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private const string Values =
        "SELECT * FROM (VALUES (1, 'plain', 1.50), (2, 'a,b', NULL), (3, 'say \"hi\"', -0.01), (4, 'two' || chr(10) || 'lines', 0.00), (5, '', 7.25), (6, NULL, 1e3)) t(id, name, amount) ORDER BY id";

    [Theory]
    [InlineData(QueryEngine.Lake)]
    [InlineData(QueryEngine.Warehouse)]
    public async Task Csv_AnyTexts_AreQuotedAsRfc4180HasIt(QueryEngine engine)
    {
        await using var host = await StartAsync();
        Assert.Equal(
            "id,name\n1,plain\n2,\"a,b\"\n3,\"say \"\"hi\"\"\"\n4,\"two\nlines\"\n5,\"\"\n6,\n",
            await TextAsync(host, new ExportSql(engine, $"SELECT id, name FROM ({Values}) x ORDER BY id", ExportFormat.Csv)));
    }

    [Theory]
    [InlineData(QueryEngine.Lake, "SELECT i FROM range(250000) t(i)")]
    [InlineData(QueryEngine.Warehouse, "SELECT i FROM generate_series(0, 249999) i")]
    public async Task Csv_MoreThanAGridTakes_IsWhole(QueryEngine engine, string sql)
    {
        await using var host = await StartAsync();
        var lines = (await TextAsync(host, new ExportSql(engine, sql, ExportFormat.Csv))).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(250_001, lines.Length);
        Assert.Equal("249999", lines[^1]);
        Assert.Empty(await host.SendAsync(new ListRunning()));
    }

    [Theory]
    [InlineData(QueryEngine.Lake)]
    [InlineData(QueryEngine.Warehouse)]
    public async Task Parquet_AnyValues_ComeBackTheSame(QueryEngine engine)
    {
        await using var host = await StartAsync();
        var sql = "SELECT id, name, CAST(amount AS NUMERIC(10, 2)) AS amount, TIMESTAMPTZ '2026-01-31 10:15:30.25+00' AS at, id > 3 AS late, DATE '2026-01-31' AS day, 1 AS id FROM ("
            + Values + ") x";
        var file = Path.Combine(host.Folder, "out.parquet");
        await using (var export = await host.SendAsync(new ExportSql(engine, sql + " -- all", ExportFormat.Parquet)))
        {
            Assert.Null(export.Error);
            Assert.Equal("query.parquet", export.FileName);
            await using var stream = File.Create(file);
            await export.WriteToAsync(stream, CancellationToken.None);
        }

        using var database = DuckDatabase.Open();
        using var connection = database.Connect();
        var rows = connection.QueryString(
            $"SELECT string_agg(concat_ws('|', id, coalesce(name, 'NULL'), coalesce(amount::VARCHAR, 'NULL'), \"at\", late, day), ';' ORDER BY id) FROM read_parquet({Sql.Literal(file)})");
        Assert.Equal(
            "1|plain|1.50|2026-01-31 10:15:30.25+00|false|2026-01-31;2|a,b|NULL|2026-01-31 10:15:30.25+00|false|2026-01-31;"
            + "3|say \"hi\"|-0.01|2026-01-31 10:15:30.25+00|false|2026-01-31;4|two\nlines|0.00|2026-01-31 10:15:30.25+00|true|2026-01-31;"
            + "5||7.25|2026-01-31 10:15:30.25+00|true|2026-01-31;6|NULL|1000.00|2026-01-31 10:15:30.25+00|true|2026-01-31", rows);
        Assert.Equal("DECIMAL(10,2)", connection.QueryString($"SELECT typeof(amount) FROM read_parquet({Sql.Literal(file)}) LIMIT 1"));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(host.Folder, "lake", ".staging")));
        Assert.Empty(await host.SendAsync(new ListRunning()));
    }

    [Theory]
    [InlineData(ExportFormat.Csv)]
    [InlineData(ExportFormat.Parquet)]
    public async Task Export_WrongStatement_IsKnownBeforeAnythingIsWritten(ExportFormat format)
    {
        await using var host = await StartAsync();
        await using var export = await host.SendAsync(new ExportSql(QueryEngine.Lake, "SELECT\n idd FROM (VALUES (1)) t(id)", format));
        Assert.Equal((SqlErrorKind.Invalid, 2, 2), (export.Error!.Kind, export.Error.Line, export.Error.Column));
        Assert.Empty(await host.SendAsync(new ListRunning()));
    }

    [Theory]
    [InlineData(ExportFormat.Csv)]
    [InlineData(ExportFormat.Parquet)]
    public async Task Export_TooLong_IsStopped(ExportFormat format)
    {
        await using var host = await StartAsync(new() { ["Query:ExportTimeLimit"] = "00:00:01", ["Query:TimeLimit"] = "00:00:01" });
        await using var export = await host.SendAsync(new ExportSql(QueryEngine.Lake, "SELECT i, hash(i) AS h FROM range(1000000000000) t(i)", format));
        var error = export.Error ?? (await Assert.ThrowsAnyAsync<TerminalException>(() => export.WriteToAsync(Stream.Null, CancellationToken.None)) is { } thrown
            ? new SqlError(SqlErrorKind.TimeLimit, thrown.Message) : null);
        Assert.Contains("longer than 1 s", error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Parquet_LargerThanItMayBe_IsStoppedAndRemoved()
    {
        await using var host = await StartAsync(new() { ["Query:MaxExportBytes"] = "1048576" });
        await using var export = await host.SendAsync(new ExportSql(QueryEngine.Lake, "SELECT i, hash(i) AS h FROM range(1000000000000) t(i)", ExportFormat.Parquet));
        Assert.Equal(SqlErrorKind.MemoryLimit, export.Error?.Kind);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(host.Folder, "lake", ".staging"), "*.parquet"));
    }

    private static async Task<string> TextAsync(QueryHost host, ExportSql request)
    {
        await using var export = await host.SendAsync(request);
        Assert.Null(export.Error);
        using var stream = new MemoryStream();
        await export.WriteToAsync(stream, CancellationToken.None);
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private async Task<QueryHost> StartAsync(Dictionary<string, string?>? settings = null) => await QueryHost.StartAsync(await postgres.CreateDatabaseAsync(), settings);
}
