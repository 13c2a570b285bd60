namespace Pipeline.Workflows.Tests.Kinds;

public sealed class CsvFolderSinkSuite : SinkSuite
{
    private protected override string Sink => $$""" "csv":{"directory":"{{Target}}","name":"flat"} """;

    private string Target => Host.Outside("out/flat");

    [Fact]
    public async Task Csv_IsWrittenAsTheSettingsSay()
    {
        await Host.RunAsync(
            "load", $$"""{"query":"SELECT 'a;b' AS x, DATE '2024-02-01' AS d, NULL AS n","csv":{"directory":"{{Target}}","name":"movimento_flat","delimiter":";","null":"-","date_format":"%d/%m/%Y"} }""");
        Assert.Equal("x;d;n\n\"a;b\";01/02/2024;-\n", await File.ReadAllTextAsync(Path.Combine(Target, "movimento_flat.csv")));
        Assert.Equal([".pipeline-output.json", "movimento_flat.csv"], Directory.EnumerateFiles(Target).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task ManyFiles_AreAllRowsTogether()
    {
        await Host.RunAsync("load", $$"""{"query":"SELECT range AS id FROM range(500000)","csv":{"directory":"{{Target}}","files":"many","header":false} }""");
        Assert.Equal(500_000, Directory.EnumerateFiles(Target, "task_*.csv").Sum(f => File.ReadLines(f).Count()));
    }

    [Fact]
    public async Task Folder_OfOneWorkflow_IsReplacedWithAllThatWasInIt()
    {
        await Host.RunAsync("load", $$"""{"query":"SELECT 1 AS id","csv":{"directory":"{{Target}}","name":"old"} }""");
        await LoadAsync("SELECT 1 AS id, 'a' AS name", run: 2);
        Assert.Equal([".pipeline-output.json", "flat.csv"], Directory.EnumerateFiles(Target).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Empty(LeftOvers());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Folder_WithFilesOfSomeoneElse_IsNeverReplaced(bool wasWritten)
    {
        if (wasWritten)
            await LoadAsync("SELECT 1 AS id, 'a' AS name");
        Directory.CreateDirectory(Target);
        await File.WriteAllTextAsync(Path.Combine(Target, "thesis.txt"), "mine");
        var error = await Assert.ThrowsAsync<TerminalException>(() => LoadAsync("SELECT 2 AS id, 'b' AS name", run: 2));
        Assert.Contains("it holds what no workflow wrote (thesis.txt)", error.Message, StringComparison.Ordinal);
        Assert.Equal("mine", await File.ReadAllTextAsync(Path.Combine(Target, "thesis.txt")));
        Assert.Empty(LeftOvers());
    }

    [Fact]
    public async Task Folder_ThatIsALinkOrAFile_IsFollowedOrRefused()
    {
        Directory.CreateDirectory(Host.Outside("real"));
        Directory.CreateDirectory(Host.Outside("out"));
        Directory.CreateSymbolicLink(Target, Host.Outside("real"));
        await LoadAsync("SELECT 1 AS id, 'a' AS name");
        Assert.Equal(["1=a"], await ReadAsync());
        Assert.Equal(Host.Outside("real"), new DirectoryInfo(Target).LinkTarget);

        Directory.Delete(Target);
        await File.WriteAllTextAsync(Target, "x");
        Assert.Contains("is a file and not a folder", (await Assert.ThrowsAsync<TerminalException>(() => LoadAsync("SELECT 1 AS id, 'a' AS name"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task LeftOvers_OfTriesThatDied_AreRemovedAndAnOldFolderPutBack()
    {
        await LoadAsync("SELECT 1 AS id, 'a' AS name");
        Directory.Move(Target, Host.Outside("out/.flat.pipeline-shop.task.1.1.old"));
        Directory.CreateDirectory(Host.Outside("out/.flat.pipeline-shop.task.2.1"));
        Directory.CreateDirectory(Host.Outside("out/.flat.pipeline-shop.other.7.1"));
        await Assert.ThrowsAsync<TerminalException>(() => LoadAsync("SELECT CAST('x' || range AS INT) AS id, 'a' AS name FROM range(1)", run: 2, attempt: 2));
        Assert.Equal(["1=a"], await ReadAsync());
        Assert.Equal([".flat.pipeline-shop.other.7.1"], LeftOvers());
    }

    [Fact]
    public async Task Reader_WhileTheFolderIsReplaced_SeesAWholeOne()
    {
        await LoadAsync("SELECT 0 AS id, 'a' AS name");
        using var stop = new CancellationTokenSource();
        var reader = Task.Run(async () =>
        {
            var seen = 0;
            while (!stop.IsCancellationRequested)
            {
                Assert.Single((await ReadAsync())!);
                seen++;
            }

            return seen;
        });
        for (var run = 2; run < 12; run++)
            await LoadAsync($"SELECT {run} AS id, 'a' AS name", run: run);
        await stop.CancelAsync();
        Assert.True(await reader > 0);
    }

    [Theory]
    [InlineData("""{"query":"SELECT 1","csv":{"directory":"x","delimiter":"::"} }""", "csv.delimiter")]
    [InlineData("""{"query":"SELECT 1","csv":{"directory":"x","name":"../a"} }""", "csv.name")]
    [InlineData("""{"query":"SELECT 1"}""", "")]
    [InlineData("""{"query":"SELECT 1","csv":{"directory":"x"},"parquet":{"directory":"x"} }""", "")]
    [InlineData("""{"from":"nobody","csv":{"directory":"x"} }""", "from")]
    [InlineData("""{"query":"SELECT 1","postgres":{"table":"a.b.c"} }""", "postgres.table")]
    [InlineData("""{"query":"SELECT 1","postgres":{"table":"a.b","mode":"upsert"} }""", "postgres.keys")]
    public void Check_OfSettings_FindsWhatTheSchemaDoesNot(string settings, string field) => Assert.Equal(field, Assert.Single(Host.Check("load", settings)).Field);

    private protected override Task<IReadOnlyList<string>?> ReadAsync()
    {
        var file = Path.Combine(Target, "flat.csv");
        return Task.FromResult<IReadOnlyList<string>?>(File.Exists(file) ? [.. File.ReadLines(file).Skip(1).Select(l => l.Replace(',', '='))] : null);
    }

    private protected override IEnumerable<string> LeftOvers() => FolderLeftOvers.Of(Target);
}

public sealed class ParquetFolderSinkSuite : SinkSuite
{
    private protected override string Sink => $$""" "parquet":{"directory":"{{Target}}"} """;

    private string Target => Host.Outside("out/p");

    private protected override Task<IReadOnlyList<string>?> ReadAsync()
    {
        var file = Path.Combine(Target, "task.parquet");
        return Task.FromResult<IReadOnlyList<string>?>(
            File.Exists(file) ? [.. Host.Query($"SELECT id || '=' || name AS r FROM read_parquet('{file}')").Select(r => r[6..^2])] : null);
    }

    private protected override IEnumerable<string> LeftOvers() => FolderLeftOvers.Of(Target);
}

internal static class FolderLeftOvers
{
    public static IEnumerable<string> Of(string target) => Directory.Exists(Path.GetDirectoryName(target))
        ? Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(target)!).Select(e => Path.GetFileName(e)!).Where(n => n != Path.GetFileName(target))
        : [];
}
