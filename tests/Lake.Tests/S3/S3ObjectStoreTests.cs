using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Testing;

namespace Pipeline.Lake.Tests.S3;

[Collection(GatewayCollection.Name)]
public sealed class S3ObjectStoreTests(RadosGateway gateway) : ObjectStoreSuite
{
    private const int Part = 5 << 20;

    private readonly S3Lake _lake = new(gateway);

    private protected override string ConnectionString => _lake.ConnectionString;

    internal override IObjectStore OpenStore() => _lake.Open();

    [SkippableFact]
    public async Task List_MoreThanAPage_HasAllInOrder()
    {
        var store = _lake.Open(pageSize: 7);
        for (var i = 0; i < 30; i++)
            await store.PutAsync(P($"log/{i:D5}/x"), new byte[i]);
        Assert.Equal(Enumerable.Range(0, 30).Select(i => $"log/{i:D5}/x"), (await ListAsync(store, "log")).Select(i => i.Path.Value));
        Assert.Equal(Enumerable.Range(20, 10).Select(i => (long)i), (await ListAsync(store, "log", "log/00019/x")).Select(i => i.Size));
        var folders = new List<string>();
        await foreach (var folder in store.ListPrefixesAsync(P("log")))
            folders.Add(folder.Value);
        Assert.Equal(Enumerable.Range(0, 30).Select(i => $"log/{i:D5}"), folders);
    }

    [SkippableFact]
    public async Task Delete_MoreThanARequestTakes_DeletesAll()
    {
        var store = _lake.Open();
        var paths = Enumerable.Range(0, 1_003).Select(i => P($"many/{i}")).ToList();
        await Parallel.ForEachAsync(paths, async (path, token) => await store.PutAsync(path, ReadOnlyMemory<byte>.Empty, token));
        await store.PutAsync(P("kept"), ReadOnlyMemory<byte>.Empty);
        await store.DeleteAsync([.. paths, P("many/absent")]);
        Assert.Equal(["kept"], (await ListAsync(store, null)).Select(i => i.Path.Value));
    }

    [SkippableTheory]
    [InlineData(Part, 1)]
    [InlineData(Part + 1, 4)]
    [InlineData((3 * Part) + 12_345, 6)]
    public async Task Upload_LargeFile_GoesUpAndComesDownInParts(int size, int requests)
    {
        var content = RandomNumberGenerator.GetBytes(size);
        var network = new FaultyNetwork();
        var store = _lake.Open(network, o => o.PartBytes = Part);
        var file = store.NewStagingPath(".bin");
        await File.WriteAllBytesAsync(file, content);
        await store.UploadFileAsync(file, P("large.bin"));
        Assert.False(File.Exists(file));
        Assert.Equal(requests, network.Requests.Count);
        Assert.Equal(content, await store.TryReadAllAsync(P("large.bin")));

        var elsewhere = _lake.Open(change: o => (o.PartBytes, o.CacheFolder) = (Part, o.CacheFolder + "-elsewhere"));
        Assert.Equal(content, await File.ReadAllBytesAsync(await elsewhere.GetLocalPathAsync(P("large.bin"))));
        using var reader = await elsewhere.OpenReadAsync(P("large.bin"), size - 9);
        using var rest = new MemoryStream();
        await reader.CopyToAsync(rest);
        Assert.Equal(content[^9..], rest.ToArray());
    }

    [SkippableFact]
    public async Task GetLocalPath_ObjectThatWasReplaced_IsTheNewContent()
    {
        var (writer, reader) = (_lake.Open(), _lake.Open());
        await writer.PutAsync(P("t/00010.checkpoint.parquet"), "old"u8.ToArray());
        Assert.Equal("old", await File.ReadAllTextAsync(await reader.GetLocalPathAsync(P("t/00010.checkpoint.parquet"))));
        await writer.PutAsync(P("t/00010.checkpoint.parquet"), "new"u8.ToArray());
        Assert.Equal("new", await File.ReadAllTextAsync(await reader.GetLocalPathAsync(P("t/00010.checkpoint.parquet"))));
        await Assert.ThrowsAsync<ObjectNotFoundException>(async () => await reader.GetLocalPathAsync(P("absent")));
        await Assert.ThrowsAsync<ObjectNotFoundException>(async () => await reader.GetLocalPathAsync(P($"part-{Guid.NewGuid()}.parquet")));
    }

    [SkippableFact]
    public async Task GetLocalPath_NameWithAnId_AsksTheServerOnce()
    {
        var path = P($"t/part-00000-{Guid.NewGuid()}-c000.zstd.parquet");
        await _lake.Open().PutAsync(path, "data"u8.ToArray());
        var network = new FaultyNetwork();
        var store = _lake.Open(network);
        var local = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => store.GetLocalPathAsync(path).AsTask()));
        Assert.Single(network.Requests);
        Assert.Single(local.Distinct());
        Assert.EndsWith(".zstd.parquet", local[0], StringComparison.Ordinal);
        Assert.StartsWith(store.LocalFolder + Path.DirectorySeparatorChar, local[0], StringComparison.Ordinal);

        // What this process put there itself, and what another process on the same folder fetched, is not fetched again.
        Assert.Equal(local[0], await _lake.Open(network).GetLocalPathAsync(path));
        Assert.Single(network.Requests);
    }

    [SkippableFact]
    public async Task GetLocalPath_OfAnUploadedFile_NeedsNoFetch()
    {
        var path = P($"t/part-00000-{Guid.NewGuid()}.parquet");
        var network = new FaultyNetwork();
        var store = _lake.Open(network);
        var staged = store.NewStagingPath(".parquet");
        await File.WriteAllTextAsync(staged, "data");
        await store.UploadFileAsync(staged, path);
        Assert.Equal("data", await File.ReadAllTextAsync(await store.GetLocalPathAsync(path)));
        Assert.Single(network.Requests);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(staged)!));
    }

    [SkippableFact]
    public async Task GetLocalPath_DiskIsFull_SaysSoAndIsWellWithRoom()
    {
        using var disk = SmallDisk.TryMount(2);
        Skip.If(disk is null, "needs the right to mount a small disk");
        var content = RandomNumberGenerator.GetBytes(3 << 20);
        await _lake.Open().PutAsync(P("k"), content);
        var network = new FaultyNetwork();
        var store = _lake.Open(network, o => o.CacheFolder = disk!.FullPath);
        var error = await Assert.ThrowsAsync<TransientException>(async () => await store.GetLocalPathAsync(P("k")));
        Assert.Contains("disk or the quota is full", error.Message, StringComparison.Ordinal);
        Assert.Single(network.Requests, r => r.StartsWith("GET", StringComparison.Ordinal));
        Assert.Empty(Directory.EnumerateFiles(store.LocalFolder, "*", SearchOption.AllDirectories));
        disk!.Grow(8);
        Assert.Equal(content, await File.ReadAllBytesAsync(await store.GetLocalPathAsync(P("k"))));
    }

    [SkippableFact]
    public async Task Keys_OfTheEnvironment_AreUsed()
    {
        var names = (string[])["AccessKey", "SecretKey"];
        var withoutKeys = string.Join(';', ConnectionString.Split(';').Where(p => !names.Contains(p.Split('=')[0])));
        await Worker.RunAsync("race", withoutKeys, 1, 3, new() { ["AWS_ACCESS_KEY_ID"] = gateway.AccessKey, ["AWS_SECRET_ACCESS_KEY"] = gateway.SecretKey });
        Assert.Equal("0\n1\n2\n", Encoding.UTF8.GetString((await OpenStore().TryReadAllAsync(P("won/w0")))!));
    }

    [SkippableFact]
    public async Task GetLocalPath_EmptyObject_IsAnEmptyFile()
    {
        var store = _lake.Open();
        await store.PutAsync(P("empty"), ReadOnlyMemory<byte>.Empty);
        Assert.Equal(0, new FileInfo(await store.GetLocalPathAsync(P("empty"))).Length);
    }

    [SkippableFact]
    public async Task Put_KeysOfEveryKind_AreWhatTheyWere()
    {
        var store = _lake.Open();
        string[] names = ["a b/c+d", "day=2024-01-01%2003%3A00/x", "é/ü", "a&b=c?d#e", "日本", "(1)'\"*!~"];
        foreach (var name in names)
            await store.PutAsync(P(name), Encoding.UTF8.GetBytes(name));
        Assert.Equal(names.Order(StringComparer.Ordinal), (await ListAsync(store, null)).Select(i => i.Path.Value));
        foreach (var name in names)
            Assert.Equal(name, Encoding.UTF8.GetString((await store.TryReadAllAsync(P(name)))!));
        await store.DeleteAsync([.. names.Select(P)]);
        Assert.Empty(await ListAsync(store, null));
    }

    [SkippableFact]
    public async Task Bucket_Missing_IsSaidOrMade()
    {
        var bucket = $"made-{Guid.NewGuid():N}";
        var strict = _lake.Open(change: o => (o.Bucket, o.CreateBucket) = (bucket, false));
        Func<Task>[] calls =
        [
            async () => await strict.PutAsync(P("k"), new byte[1]),
            async () => await strict.PutIfAbsentAsync(P("k"), new byte[1]),
            async () => await strict.TryReadAllAsync(P("k")),
            async () => await ListAsync(strict, null),
            async () => await strict.DeleteAsync([P("k"), P("l")]),
        ];
        foreach (var call in calls)
            Assert.Contains("CreateBucket", (await Assert.ThrowsAsync<TerminalException>(call)).Message, StringComparison.Ordinal);

        var stores = Enumerable.Range(0, 4).Select(_ => _lake.Open(change: o => o.Bucket = bucket)).ToList();
        var won = await Task.WhenAll(stores.Select(s => s.PutIfAbsentAsync(P("k"), new byte[1]).AsTask()));
        Assert.Single(won, w => w);
    }

    [SkippableFact]
    public async Task Keys_Wrong_AreRefusedWithoutBeingTold()
    {
        foreach (var change in (Action<S3Options>[])[o => o.AccessKey = "nobodyskey", o => o.SecretKey = "notthesecret1234"])
        {
            var error = await Assert.ThrowsAsync<TerminalException>(async () => await ListAsync(_lake.Open(change: change), null));
            Assert.Contains("Check the keys", error.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("notthesecret1234", error.ToString(), StringComparison.Ordinal);
            Assert.DoesNotContain(gateway.SecretKey, error.ToString(), StringComparison.Ordinal);
        }
    }

    [SkippableFact]
    public async Task Server_ThatIsNotThere_IsTransient()
    {
        var store = _lake.Open(change: o => (o.Endpoint, o.MaxAttempts) = ("http://127.0.0.1:9", 2));
        var error = await Assert.ThrowsAsync<TransientException>(async () => await store.PutAsync(P("k"), new byte[1]));
        Assert.Contains("refused", error.Message, StringComparison.OrdinalIgnoreCase);
    }

    [SkippableTheory]
    [InlineData("s3://{bucket}/{prefix}/t/part%201.parquet", "t/part 1.parquet")]
    [InlineData("s3a://{bucket}/{prefix}/t/x", "t/x")]
    [InlineData("S3N://{bucket}/{prefix}/t/x", "t/x")]
    [InlineData("s3://{bucket}/{prefix}", null)]
    [InlineData("s3://{bucket}/other/t/x", null)]
    [InlineData("s3://other/{prefix}/t/x", null)]
    [InlineData("gs://{bucket}/{prefix}/t/x", null)]
    [InlineData("/{bucket}/{prefix}/t/x", null)]
    public void Resolve_Uri_IsWithinTheLakeOrNull(string uri, string? expected) => Assert.Equal(
        expected,
        OpenStore().Resolve(uri.Replace("{bucket}", _lake.Options.Bucket, StringComparison.Ordinal)
            .Replace("{prefix}", _lake.Options.Prefix, StringComparison.Ordinal))?.Value);

    [SkippableFact]
    public async Task Ping_OfACatalog_AsksTheServer()
    {
        using var lake = Lakes.Open(OpenStore());
        await lake.PingAsync();
        using var gone = Lakes.Open(_lake.Open(change: o => (o.Bucket, o.CreateBucket) = ("there-is-none", false)));
        await Assert.ThrowsAsync<TerminalException>(async () => await gone.PingAsync());
    }

    [SkippableFact]
    public async Task PutIfAbsent_ServerThatIgnoresTheCondition_IsRefused()
    {
        var network = new FaultyNetwork();
        network.Always(FaultyNetwork.IsConditional, FaultyNetwork.Answer(System.Net.HttpStatusCode.OK, "none"));
        var error = await Assert.ThrowsAsync<TerminalException>(async () => await _lake.Open(network).PutIfAbsentAsync(P("k"), new byte[1]));
        Assert.Contains("ignores", error.Message, StringComparison.Ordinal);
        Assert.Null(await _lake.Open().TryReadAllAsync(P("k")));
        Assert.Empty(await ListAsync(_lake.Open(), null));
    }

    [Fact]
    public void Open_WithoutKeysOrRegion_SaysWhatIsMissing()
    {
        var error = Assert.Throws<TerminalException>(() => ObjectStores.Open("s3://bucket/x?accessKey=a&secretKey=b", TimeProvider.System));
        Assert.Contains("Region", error.Message, StringComparison.Ordinal);
        var store = new S3ObjectStore(new S3Options { Bucket = "b", Endpoint = "http://127.0.0.1:9", Prefix = "p" }, TimeProvider.System, NullLogger.Instance);
        Assert.Equal("s3://b/p", store.Location);
        store.Dispose();
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        _lake.Dispose();
    }
}
