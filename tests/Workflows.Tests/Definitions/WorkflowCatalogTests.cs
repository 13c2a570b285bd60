using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Pipeline.Testing;
using Pipeline.Workflows.Infrastructure.Definitions;

namespace Pipeline.Workflows.Tests.Definitions;

public sealed class WorkflowCatalogTests : IDisposable
{
    private const string Yaml = "tasks:\n  a: { check: { query: x } }";

    private readonly TempDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Refresh_FoldersComeChangeAndGo_EntriesFollow()
    {
        using var catalog = Open();
        Assert.False(await catalog.RefreshAsync(CancellationToken.None));
        Assert.Empty(catalog.Entries);

        var changed = catalog.WaitForChangeAsync(CancellationToken.None);
        Write("b/workflow.yaml", Yaml);
        Write("a/workflow.yaml", Yaml);
        Write("a/sql/deep/x.sql", "SELECT 1");
        Write("a/data.csv", "1");
        Write("no-workflow/readme.md", "x");
        Assert.False(changed.IsCompleted);
        Assert.True(await catalog.RefreshAsync(CancellationToken.None));
        await changed;
        Assert.Equal(["a", "b"], catalog.Entries.Select(e => e.Name));
        var first = catalog.Find("a")!.Definition!;
        Assert.Equal(["sql/deep/x.sql", "workflow.yaml"], first.Files.Keys.Order());
        Assert.False(await catalog.RefreshAsync(CancellationToken.None));

        Write("a/data.csv", "2");
        Assert.False(await catalog.RefreshAsync(CancellationToken.None));
        Write("a/sql/deep/x.sql", "SELECT 22");
        Assert.True(await catalog.RefreshAsync(CancellationToken.None));
        Assert.NotEqual(first.Version, catalog.Find("a")!.Definition!.Version);

        Directory.Delete(Path.Combine(_folder.FullPath, "a"), recursive: true);
        Assert.True(await catalog.RefreshAsync(CancellationToken.None));
        Assert.Null(catalog.Find("a"));
    }

    [Fact]
    public async Task Refresh_FaultyFile_HarmsNoNeighbourAndIsTakenOnceItIsRight()
    {
        using var catalog = Open();
        Write("bad/workflow.yaml", "tasks: [");
        Write("good/workflow.yaml", Yaml);
        await catalog.RefreshAsync(CancellationToken.None);
        Assert.Null(catalog.Find("bad")!.Definition);
        Assert.NotEmpty(catalog.Find("bad")!.Faults);
        Assert.NotNull(catalog.Find("good")!.Definition);

        Write("bad/workflow.yaml", Yaml);
        await catalog.RefreshAsync(CancellationToken.None);
        Assert.Empty(catalog.Find("bad")!.Faults);
    }

    [Fact]
    public async Task Restore_FilesOfAVersion_MakeThatDefinition()
    {
        using var catalog = Open();
        Write("a/workflow.yaml", Yaml);
        await catalog.RefreshAsync(CancellationToken.None);
        var definition = catalog.Find("a")!.Definition!;
        Write("a/workflow.yaml", "tasks:\n  other: { check: { query: x } }");
        await catalog.RefreshAsync(CancellationToken.None);
        var restored = catalog.Restore("a", definition.Files);
        Assert.Equal((definition.Version, "a"), (restored.Version, restored.Tasks.Single().Name));
        Assert.Throws<TerminalException>(() => catalog.Restore("a", new Dictionary<string, string> { ["workflow.yaml"] = "tasks: [" }));
    }

    [Fact]
    public async Task Watcher_NewFolder_IsSeen()
    {
        using var catalog = Open();
        using var watcher = new CatalogWatcher(catalog, OptionsOf(), TimeProvider.System, NullLogger<CatalogWatcher>.Instance);
        await watcher.StartAsync(CancellationToken.None);
        Write("a/workflow.yaml", Yaml);
        await Eventually.TrueAsync(() => catalog.Find("a")?.Definition is not null);
        await watcher.StopAsync(CancellationToken.None);
    }

    private void Write(string path, string text)
    {
        var file = Path.Combine(_folder.FullPath, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }

    private IOptions<WorkflowsOptions> OptionsOf() => Options.Create(new WorkflowsOptions { Folder = _folder.FullPath });

    private WorkflowCatalog Open() => new(OptionsOf(), new EveryMinute(), [new AnyKind("check")], NullLogger<WorkflowCatalog>.Instance);
}
