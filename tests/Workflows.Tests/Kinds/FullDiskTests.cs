using Pipeline.Testing;

namespace Pipeline.Workflows.Tests.Kinds;

/// <summary>A disk that fills up while a task writes: the task says so, what was there stays, nothing half-written is left, and a try with more space ends well.</summary>
public sealed class FullDiskTests : IDisposable
{
    private const int Small = 4;
    private const int Large = 64;

    // Text that no codec makes small.
    private const string Rows = "SELECT range AS id, md5(range::VARCHAR) || md5((range + 1)::VARCHAR) AS name FROM range(300000)";

    private readonly SmallDisk? _disk = SmallDisk.TryMount(Small);
    private readonly KindHost? _host;

    public FullDiskTests()
    {
        if (_disk is not null)
            _host = new KindHost(lake: Path.Combine(_disk.FullPath, "lake"));
    }

    private KindHost Host => _host!;

    private SmallDisk Disk => _disk!;

    public void Dispose()
    {
        _host?.Dispose();
        _disk?.Dispose();
    }

    [SkippableFact]
    public async Task Extract_LeavesNothingAndIsTriedAgain()
    {
        RequireMount();
        Host.Write("rows.csv", "id,name\n" + string.Join('\n', Enumerable.Range(0, 200_000).Select(i => $"{i},{Guid.NewGuid():N}{Guid.NewGuid():N}")));

        const string Settings = """{"source":{"file":{"path":"rows.csv"}}}""";

        await FillsUpAsync("extract", Settings);

        Assert.Empty(Host.LakeFiles());
        Disk.Grow(Large);
        Assert.Equal(200_000, (await Host.RunAsync("extract", Settings, attempt: 2)).RowsWritten);
    }

    [SkippableTheory]
    [InlineData("overwrite", 300_000)]
    [InlineData("append", 300_001)]
    [InlineData("merge", 300_000)]
    public async Task Sql_LeavesTheTableAsItWas(string mode, int rows)
    {
        RequireMount();
        await Host.RunAsync("sql", """{"query":"SELECT 1::BIGINT AS id, 'before' AS name","table":"silver/names"}""");
        var before = Host.LakeFiles();
        var settings = $$"""{"query":"{{Rows}}","table":"silver/names","mode":"{{mode}}"{{(mode == "merge" ? ",\"keys\":[\"id\"]" : "")}} }""";

        await FillsUpAsync("sql", settings, run: 2);

        Assert.Equal(["""{"id":1,"name":"before"}"""], await Host.TableAsync("silver/names"));
        Assert.Equal(before, Host.LakeFiles());
        Disk.Grow(Large);
        await Host.RunAsync("sql", settings, run: 2, attempt: 2);
        Assert.Equal(rows, (await Host.TableAsync("silver/names")).Count);
    }

    [SkippableTheory]
    [InlineData("csv")]
    [InlineData("parquet")]
    public async Task Load_LeavesTheFolderAsItWas(string sink)
    {
        RequireMount();
        var target = Path.Combine(Disk.FullPath, "out", "names");
        await Host.RunAsync("load", $$"""{"query":"SELECT 1 AS id","{{sink}}":{"directory":"{{target}}","name":"names"} }""");
        var before = Files();

        await FillsUpAsync("load", $$"""{"query":"{{Rows}}","{{sink}}":{"directory":"{{target}}","name":"names"} }""", run: 2);

        Assert.Equal(before, Files());
        Disk.Grow(Large);
        Assert.Equal(300_000, (await Host.RunAsync("load", $$"""{"query":"{{Rows}}","{{sink}}":{"directory":"{{target}}","name":"names"} }""", run: 2, attempt: 2)).RowsWritten);

        IEnumerable<string> Files() => Directory.EnumerateFileSystemEntries(Path.Combine(Disk.FullPath, "out"), "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal);
    }

    private async Task FillsUpAsync(string kind, string settings, long run = 1)
    {
        var error = await Host.FailAsync<TransientException>(kind, settings, run: run);
        Assert.Contains("the disk is full", error.Message, StringComparison.Ordinal);
    }

    private void RequireMount() => Skip.If(_disk is null, "A small file system can be mounted on Linux by root only.");
}
