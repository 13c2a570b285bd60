using System.Text;
using Pipeline.Lake;
using Pipeline.Testing;
using Pipeline.Workflows.Application;

namespace Pipeline.Workflows.Tests.Kinds;

/// <summary>Tasks on a lake on S3: what one leaves, the next reads, also in another process.</summary>
public sealed class S3LakeTests(RadosGateway gateway) : IClassFixture<RadosGateway>
{
    [SkippableFact]
    public async Task Tasks_OfARun_ReadWhatEarlierOnesLeft()
    {
        RadosGateway.SkipUnlessThere();
        var prefix = Guid.NewGuid().ToString("N");
        using var first = new KindHost(lake: gateway.Lake(prefix));
        first.Write("in.csv", "id,name\n1,a\n2,b\n3,c\n");
        await first.RunAsync("extract", """{"source":{"file":{"path":"in.csv","format":"csv"} } }""", task: "bronze");
        await first.RunAsync("sql", """{"query":"SELECT id::BIGINT AS id, name FROM bronze","table":"silver/t","mode":"merge","keys":["id"]}""", task: "silver");
        await first.RunAsync("sql", """{"query":"SELECT 2 AS id, 'new' AS name UNION ALL SELECT 4, 'd'","table":"silver/t","mode":"merge","keys":["id"]}""", task: "again");
        await first.RunAsync("sql", """{"query":"SELECT * FROM lake('silver/t') ORDER BY id","files":{"to":"gold","name":"t.csv","format":"csv"}}""", task: "gold");

        using var second = new KindHost(lake: gateway.Lake(prefix));
        Assert.Equal(
            ["""{"id":1,"name":"a"}""", """{"id":2,"name":"new"}""", """{"id":3,"name":"c"}""", """{"id":4,"name":"d"}"""], await second.TableAsync("silver/t"));
        Assert.Equal("id,name\n1,a\n2,new\n3,c\n4,d\n", Encoding.UTF8.GetString((await second.Lake.Store.TryReadAllAsync(ObjectPath.Parse("gold/t.csv")))!));
        foreach (var (task, output) in first.Inputs)
            second.Inputs[task] = output;
        await second.RunAsync("sql", """{"query":"SELECT count(*) AS n FROM bronze","table":"gold/counts"}""", task: "counts");
        var extracted = await second.RunAsync("extract", """{"source":{"lake":{"path":"workflows/shop/bronze/**"} } }""", task: "objects");
        Assert.Equal(["""{"n":3}"""], await second.TableAsync("gold/counts"));
        Assert.Equal(3, extracted.RowsWritten);
    }

    [SkippableFact]
    public async Task Files_OfANamedFormat_AreReadAsTheyAreNow()
    {
        RadosGateway.SkipUnlessThere();
        var prefix = Guid.NewGuid().ToString("N");
        using var writer = new KindHost(lake: gateway.Lake(prefix));
        using var reader = new KindHost(lake: gateway.Lake(prefix));
        foreach (var id in (int[])[1, 2])
        {
            await writer.RunAsync("sql", $$$"""{"query":"SELECT {{{id}}} AS id","files":{"to":"gold"}}""", task: "p");
            var read = await reader.RunAsync("extract", """{"source":{"lake":{"path":"gold/p.parquet"} } }""");
            await reader.RunAsync("sql", """{"query":"SELECT id FROM task","table":"t"}""", task: "t", run: id);
            Assert.Equal([$$"""{"id":{{id}}}"""], await reader.TableAsync("t"));
            Assert.Equal(OutputKind.Files, read.Output!.Kind);
        }
    }
}
