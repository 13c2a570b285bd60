using Pipeline.DuckDb;
using Pipeline.Query.Contracts;
using Pipeline.Testing;

namespace Pipeline.Query.Tests;

/// <summary>Statements over a lake on S3: its files are read from local copies, in the one folder that the engine may read.</summary>
public sealed class S3LakeTests(RadosGateway gateway) : IClassFixture<RadosGateway>
{
    [SkippableFact]
    public async Task Run_TablesOnS3_AreReadHereAndInAnotherProcess()
    {
        RadosGateway.SkipUnlessThere();
        var prefix = Guid.NewGuid().ToString("N");
        await using var writer = await StartAsync(gateway.Lake(prefix));
        await writer.TableAsync("raw/purchased_items", "SELECT i AS id, 'user-' || (i % 3) AS UserId FROM range(10) t(i)");
        await writer.TableAsync("silver/users", "SELECT 'user-' || i AS UserId, 'U' || i AS name FROM range(3) t(i)");
        await using var reader = await StartAsync(gateway.Lake(prefix));
        foreach (var host in (QueryHost[])[writer, reader])
        {
            Assert.Equal(
                ["U0|4", "U1|3", "U2|3"],
                await host.RowsAsync("SELECT u.name, count(*) FROM raw.purchased_items p JOIN silver.users u USING (UserId) GROUP BY 1 ORDER BY 1"));
            Assert.Equal(["0"], await host.RowsAsync("SELECT count(*) FROM lake('silver/users', 0)"));
        }

        Assert.Equal(["raw/purchased_items", "silver/users"], await reader.Lake.ListTablesAsync().ToListAsync());
    }

    [SkippableFact]
    public async Task Export_OfATableOnS3_IsAFile()
    {
        RadosGateway.SkipUnlessThere();
        await using var host = await StartAsync(gateway.NewLake());
        await host.TableAsync("t", "SELECT i AS id FROM range(1000) t(i)");
        var file = Path.Combine(host.Folder, "out.parquet");
        await using (var export = await host.SendAsync(new ExportSql(QueryEngine.Lake, "SELECT * FROM t", ExportFormat.Parquet)))
        {
            Assert.Null(export.Error);
            await using var stream = File.Create(file);
            await export.WriteToAsync(stream, CancellationToken.None);
        }

        using var database = DuckDatabase.Open();
        using var connection = database.Connect();
        Assert.Equal(499_500, connection.QueryInt64($"SELECT sum(id) FROM read_parquet({Sql.Literal(file)})"));
    }

    private static Task<QueryHost> StartAsync(string lake) => QueryHost.StartAsync(settings: new() { ["ConnectionStrings:lake"] = lake });
}
