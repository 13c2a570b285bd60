using System.Text;

namespace Pipeline.Lake.Tests;

public sealed class FolderObjectStoreTests : ObjectStoreSuite
{
    private readonly TempFolder _folder = new();

    internal override IObjectStore OpenStore() => new FolderObjectStore(_folder.Path);

    private protected override string ConnectionString => _folder.Path;

    [Fact]
    public async Task Writes_WhenDone_LeaveNoTemporaryFile()
    {
        var store = OpenStore();
        await store.PutAsync(P("a"), Encoding.UTF8.GetBytes("1"));
        await store.PutIfAbsentAsync(P("a"), Encoding.UTF8.GetBytes("2"));
        await store.PutIfAbsentAsync(P("b"), Encoding.UTF8.GetBytes("2"));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(_folder.Path, ".staging")));
    }

    [Fact]
    public async Task Put_FromSeveralThreadsIntoNewFolders_AllArrive()
    {
        var store = OpenStore();
        using var together = new Barrier(4);
        var errors = new System.Collections.Concurrent.ConcurrentQueue<Exception>();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(writer => Task.Factory.StartNew(
            () =>
            {
                for (var i = 0; i < 300; i++)
                {
                    together.SignalAndWait();
                    try
                    {
                        store.PutAsync(P($"new{i}/deep/w{writer}"), Encoding.UTF8.GetBytes("1")).AsTask().GetAwaiter().GetResult();
                    }
                    catch (Exception e)
                    {
                        // Thrown, it would leave the others waiting.
                        errors.Enqueue(e);
                    }
                }
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        Assert.Empty(errors);
        Assert.Equal(1_200, Directory.EnumerateFiles(_folder.Path, "w*", SearchOption.AllDirectories).Count());
    }

    [Fact]
    public async Task Paths_OfTheStagingFolder_AreRefused()
    {
        await Assert.ThrowsAsync<TerminalException>(async () => await OpenStore().PutAsync(P(".staging/x"), ReadOnlyMemory<byte>.Empty));
        await OpenStore().PutAsync(P(".stagings/x"), ReadOnlyMemory<byte>.Empty);
    }

    [Theory]
    [InlineData("/etc/passwd", null)]
    [InlineData("s3://bucket/a", null)]
    [InlineData("a/b", null)]
    [InlineData("{root}/t/part%201.parquet", "t/part%201.parquet")]
    [InlineData("file:{root}/t/part%201.parquet", "t/part 1.parquet")]
    [InlineData("file://{root}/t/part%201.parquet", "t/part 1.parquet")]
    [InlineData("{root}/../elsewhere", null)]
    [InlineData("{root}", null)]
    public void Resolve_AbsolutePath_IsWithinTheFolderOrNull(string absolute, string? expected) =>
        Assert.Equal(expected, OpenStore().Resolve(absolute.Replace("{root}", _folder.Path, StringComparison.Ordinal))?.Value);

    [SkippableFact]
    public async Task Put_FolderWithoutPermission_IsTerminalAndSaysSo()
    {
        Skip.If(Environment.UserName == "root", "the superuser may write everywhere");
        if (OperatingSystem.IsWindows())
            return;
        Directory.CreateDirectory(Path.Combine(_folder.Path, "locked"));
        File.SetUnixFileMode(Path.Combine(_folder.Path, "locked"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var error = await Assert.ThrowsAsync<TerminalException>(async () => await OpenStore().PutAsync(P("locked/x"), new byte[1]));
        Assert.Contains("permission", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Errors_OfTheFileSystem_AreTransientOrTerminal()
    {
        Assert.IsType<TransientException>(FolderErrors.From(new IOException("full", 28), "Write", "k"));
        Assert.Contains("full", FolderErrors.From(new IOException("?", 28), "Write", "k").Message, StringComparison.Ordinal);
        Assert.IsType<TerminalException>(FolderErrors.From(new UnauthorizedAccessException(), "Write", "k"));
        Assert.IsType<TerminalException>(FolderErrors.From(13, "Write", "k"));
        Assert.IsType<TerminalException>(FolderErrors.From(30, "Write", "k"));
        Assert.IsType<TransientException>(FolderErrors.From(5, "Write", "k"));
        Assert.IsType<ObjectNotFoundException>(FolderErrors.From(new FileNotFoundException(), "Read", "k"));
    }

    [SkippableFact]
    public async Task Write_ToAFullDisk_IsTransientAndSaysSo()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "needs /dev/full");
        // The staging folder of a store on a full disk, in the small: a file that takes no byte.
        var error = await Assert.ThrowsAsync<IOException>(async () => await File.WriteAllBytesAsync("/dev/full", new byte[1 << 16]));
        var translated = Assert.IsType<TransientException>(FolderErrors.From(error, "Write", "k"));
        Assert.Contains("disk or the quota is full", translated.Message, StringComparison.Ordinal);
    }

    protected override void Dispose(bool disposing)
    {
        if (Directory.Exists(Path.Combine(_folder.Path, "locked")) && !OperatingSystem.IsWindows())
            File.SetUnixFileMode(Path.Combine(_folder.Path, "locked"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        base.Dispose(disposing);
        _folder.Dispose();
    }
}
