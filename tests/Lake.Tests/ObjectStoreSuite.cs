using System.Text;

namespace Pipeline.Lake.Tests;

/// <summary>What every object store does. An adapter derives from it and passes it unchanged.</summary>
public abstract class ObjectStoreSuite : IDisposable
{
    private static readonly byte[] _content = Encoding.UTF8.GetBytes("content");

    /// <summary>The store; each call gives another view of the same content, as another process would have it.</summary>
    internal abstract IObjectStore OpenStore();

    /// <summary>Where other processes find the same content.</summary>
    private protected abstract string ConnectionString { get; }

    [SkippableFact]
    public async Task PutIfAbsent_TheSecondTime_IsFalseAndChangesNothing()
    {
        var store = OpenStore();
        Assert.True(await store.PutIfAbsentAsync(P("a/b/c"), _content));
        Assert.False(await store.PutIfAbsentAsync(P("a/b/c"), Encoding.UTF8.GetBytes("other")));
        Assert.Equal(_content, await OpenStore().TryReadAllAsync(P("a/b/c")));
    }

    [SkippableFact]
    public async Task PutIfAbsent_SixteenWritersOfOneKey_OneWins()
    {
        for (var round = 0; round < 20; round++)
        {
            var path = P($"race/{round}");
            using var go = new Barrier(16);
            var results = await Task.WhenAll(Enumerable.Range(0, 16).Select(writer => Task.Factory.StartNew(
                async () =>
                {
                    var store = OpenStore();
                    var bytes = Encoding.UTF8.GetBytes(new string((char)('a' + writer), 5000));
                    go.SignalAndWait();
                    return (writer, Won: await store.PutIfAbsentAsync(path, bytes));
                },
                CancellationToken.None,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default).Unwrap()));

            var winner = Assert.Single(results, r => r.Won).writer;
            Assert.Equal(new string((char)('a' + winner), 5000), Encoding.UTF8.GetString((await OpenStore().TryReadAllAsync(path))!));
        }
    }

    [SkippableFact]
    public async Task PutIfAbsent_FourProcesses_OneWinsEachKey()
    {
        await Worker.RunAsync("race", ConnectionString, 4, 60);

        var store = OpenStore();
        var winners = new Dictionary<int, string>();
        for (var i = 0; i < 4; i++)
        {
            var won = Encoding.UTF8.GetString((await store.TryReadAllAsync(P($"won/w{i}")))!);
            foreach (var key in won.Split('\n', StringSplitOptions.RemoveEmptyEntries))
                winners.Add(int.Parse(key, System.Globalization.CultureInfo.InvariantCulture), $"w{i}");
        }

        Assert.Equal(60, winners.Count);
        foreach (var (key, name) in winners)
            Assert.Equal(name, Encoding.UTF8.GetString((await store.TryReadAllAsync(P($"keys/{key}")))!));
    }

    [SkippableFact]
    public async Task Put_Existing_Replaces()
    {
        var store = OpenStore();
        await store.PutAsync(P("k"), _content);
        await store.PutAsync(P("k"), Encoding.UTF8.GetBytes("new"));
        Assert.Equal("new", Encoding.UTF8.GetString((await OpenStore().TryReadAllAsync(P("k")))!));
    }

    [SkippableFact]
    public async Task Put_Empty_IsThereAndEmpty()
    {
        var store = OpenStore();
        await store.PutAsync(P("empty"), ReadOnlyMemory<byte>.Empty);
        Assert.Empty((await store.TryReadAllAsync(P("empty")))!);
        Assert.Equal(0, (await store.HeadAsync(P("empty")))!.Value.Size);
    }

    [SkippableFact]
    public async Task Read_Absent_SaysSo()
    {
        var store = OpenStore();
        Assert.Null(await store.TryReadAllAsync(P("no/such")));
        Assert.Null(await store.HeadAsync(P("no/such")));
        await Assert.ThrowsAsync<ObjectNotFoundException>(async () => await store.OpenReadAsync(P("no/such")));
        await Assert.ThrowsAsync<ObjectNotFoundException>(async () => await store.ReadRangeAsync(P("no/such"), 0, 1));
    }

    [SkippableTheory]
    [InlineData(0, 3, "con")]
    [InlineData(3, 100, "tent")]
    [InlineData(6, 1, "t")]
    [InlineData(7, 5, "")]
    [InlineData(90, 5, "")]
    public async Task ReadRange_OfAnObject_EndsWithIt(long offset, int length, string expected)
    {
        var store = OpenStore();
        await store.PutAsync(P("k"), _content);
        Assert.Equal(expected, Encoding.UTF8.GetString(await store.ReadRangeAsync(P("k"), offset, length)));
    }

    [SkippableFact]
    public async Task OpenRead_FromAnOffset_ReadsTheRest()
    {
        var store = OpenStore();
        await store.PutAsync(P("k"), _content);
        using var reader = new StreamReader(await store.OpenReadAsync(P("k"), 3));
        Assert.Equal("tent", await reader.ReadToEndAsync());
    }

    [SkippableFact]
    public async Task List_ManyObjects_IsLexicalAndHasSizes()
    {
        var store = OpenStore();
        string[] names = ["p/a", "p/a-b", "p/a/b", "p/a0", "p/A", "p/b/c/d", "p/b/c e", "p/é", "pq", "o"];
        foreach (var name in names)
        {
            // On a file system a name is a file or a folder; an object store lets it be both.
            if (name != "p/a")
                await store.PutAsync(P(name), Encoding.UTF8.GetBytes(name));
        }

        var listed = await ListAsync(store, "p");
        Assert.Equal(["p/A", "p/a-b", "p/a/b", "p/a0", "p/b/c e", "p/b/c/d", "p/é"], listed.Select(i => i.Path.Value));
        Assert.All(listed, i => Assert.Equal(Encoding.UTF8.GetByteCount(i.Path.Value), i.Size));
        Assert.All(listed, i => Assert.InRange(i.LastModified, TimeProvider.System.GetUtcNow().AddMinutes(-5), TimeProvider.System.GetUtcNow().AddMinutes(5)));
        Assert.Equal(9, (await ListAsync(store, null)).Count);
        Assert.Empty(await ListAsync(store, "nothing"));
    }

    [SkippableFact]
    public async Task List_StartAfter_LeavesOutWhatSortsBefore()
    {
        var store = OpenStore();
        for (var i = 0; i < 10; i++)
            await store.PutAsync(P($"log/{i:D5}.json"), _content);
        Assert.Equal(["log/00007.json", "log/00008.json", "log/00009.json"], (await ListAsync(store, "log", "log/00007")).Select(i => i.Path.Value));
        Assert.Equal(["log/00008.json", "log/00009.json"], (await ListAsync(store, "log", "log/00007.json")).Select(i => i.Path.Value));
    }

    [SkippableFact]
    public async Task ListPrefixes_OfAFolder_GivesItsChildren()
    {
        var store = OpenStore();
        foreach (var name in (string[])["t/b/1", "t/a/x/2", "t/c", "u/1"])
            await store.PutAsync(P(name), _content);
        Assert.Equal(["t/a", "t/b"], await PrefixesAsync(store, P("t")));
        Assert.Equal(["t", "u"], await PrefixesAsync(store, ObjectPath.Root));
        Assert.Empty(await PrefixesAsync(store, P("none")));
    }

    [SkippableFact]
    public async Task Delete_SomeAbsent_DeletesTheOthers()
    {
        var store = OpenStore();
        await store.PutAsync(P("d/1"), _content);
        await store.PutAsync(P("d/2"), _content);
        await store.DeleteAsync([P("d/1"), P("d/3"), P("e/4")]);
        Assert.Equal(["d/2"], (await ListAsync(store, null)).Select(i => i.Path.Value));
        Assert.True(await store.PutIfAbsentAsync(P("d/1"), _content));
    }

    [SkippableFact]
    public async Task Upload_StagedFile_BecomesTheObject()
    {
        var store = OpenStore();
        var staged = store.NewStagingPath(".parquet");
        Assert.EndsWith(".parquet", staged, StringComparison.Ordinal);
        Assert.False(File.Exists(staged));
        await File.WriteAllBytesAsync(staged, _content);
        Assert.Empty(await ListAsync(store, null));
        Assert.Empty(await PrefixesAsync(store, ObjectPath.Root));

        await store.UploadFileAsync(staged, P("x/y/z.parquet"));

        Assert.False(File.Exists(staged));
        Assert.Equal(_content, await OpenStore().TryReadAllAsync(P("x/y/z.parquet")));
        Assert.Equal(_content, await File.ReadAllBytesAsync(await store.GetLocalPathAsync(P("x/y/z.parquet"))));
    }

    [SkippableFact]
    public async Task Upload_FileFromElsewhere_IsCopiedAndRemoved()
    {
        using var elsewhere = new TempFolder();
        var file = Path.Combine(elsewhere.Path, "f");
        await File.WriteAllBytesAsync(file, _content);
        var store = OpenStore();
        await store.UploadFileAsync(file, P("x"));
        Assert.False(File.Exists(file));
        Assert.Equal(_content, await store.TryReadAllAsync(P("x")));
    }

    [SkippableFact]
    public async Task CleanStaging_OldAndYoungFiles_DeletesTheOld()
    {
        var store = OpenStore();
        var old = store.NewStagingPath(".tmp");
        var young = store.NewStagingPath(".tmp");
        var folder = store.NewStagingPath("");
        await File.WriteAllBytesAsync(old, _content);
        await File.WriteAllBytesAsync(young, _content);
        Directory.CreateDirectory(folder);
        await File.WriteAllBytesAsync(Path.Combine(folder, "f"), _content);
        var past = DateTime.UtcNow.AddDays(-2);
        File.SetLastWriteTimeUtc(old, past);
        File.SetLastWriteTimeUtc(Path.Combine(folder, "f"), past);
        Directory.SetLastWriteTimeUtc(folder, past);

        Assert.Equal(2, await store.CleanStagingAsync(TimeSpan.FromDays(1), dryRun: true));
        Assert.True(File.Exists(old));
        Assert.Equal(2, await store.CleanStagingAsync(TimeSpan.FromDays(1), dryRun: false));
        Assert.False(File.Exists(old));
        Assert.False(Directory.Exists(folder));
        Assert.True(File.Exists(young));
    }

    [SkippableFact]
    public async Task Calls_WithCancelledToken_AreCancelled()
    {
        var store = OpenStore();
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await store.PutAsync(P("k"), _content, cancelled.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await store.PutIfAbsentAsync(P("k"), _content, cancelled.Token));
        Assert.Null(await store.TryReadAllAsync(P("k")));
    }

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
    }

    private protected static ObjectPath P(string path) => ObjectPath.Parse(path);

    private protected static async Task<List<ObjectInfo>> ListAsync(IObjectStore store, string? prefix, string? startAfter = null)
    {
        var found = new List<ObjectInfo>();
        await foreach (var info in store.ListAsync(prefix is null ? ObjectPath.Root : P(prefix), startAfter is null ? null : P(startAfter)))
            found.Add(info);
        return found;
    }

    private static async Task<List<string>> PrefixesAsync(IObjectStore store, ObjectPath prefix)
    {
        var found = new List<string>();
        await foreach (var path in store.ListPrefixesAsync(prefix))
            found.Add(path.Value);
        return found;
    }
}
