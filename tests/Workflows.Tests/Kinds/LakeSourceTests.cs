using Pipeline.Workflows.Application;

namespace Pipeline.Workflows.Tests.Kinds;

public sealed class LakeSourceTests : IDisposable
{
    private readonly KindHost _host = new();

    public void Dispose() => _host.Dispose();

    [Fact]
    public async Task Table_AtAVersion_IsAsItWasThen()
    {
        await _host.RunAsync("sql", """{"query":"SELECT 1 AS id","table":"t"}""", run: 1);
        await _host.RunAsync("sql", """{"query":"SELECT 2 AS id","table":"t"}""", run: 2);
        Assert.Equal(["""{"id":1}"""], await _host.RowsAsync(await ExtractAsync("""{"path":"t","version":1}""")));
        Assert.Equal(["""{"id":2}"""], await _host.RowsAsync(await ExtractAsync("""{"path":"t"}""")));
        Assert.Equal("version", Assert.Single(_host.Check("extract", """{"source":{"lake":{"path":"a/*","version":1} } }""")).Field[^7..]);
    }

    [Fact]
    public async Task Objects_OfARunOfAnotherWorkflow_AreReadByTheirPattern()
    {
        await _host.RunAsync("sql", """{"query":"SELECT range AS id FROM range(3)"}""", task: "made", run: 5);
        Assert.Equal(3, (await ExtractAsync("""{"path":"workflows/shop/made/**"}""")).RowsWritten);
        Assert.Equal("id BIGINT", _host.Columns(await ExtractAsync("""{"path":"workflows/shop/made/run=5/made/try=1/part-00000.parquet"}""")));
    }

    private Task<TaskResult> ExtractAsync(string source) => _host.RunAsync("extract", $$"""{"source":{"lake":{{source}} } }""");
}
