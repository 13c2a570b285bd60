using Microsoft.Extensions.Logging.Abstractions;

namespace Pipeline.Lake.Tests.S3;

public sealed class LocalCacheTests : IDisposable
{
    private static readonly TimeSpan _keep = TimeSpan.FromMinutes(30);

    private readonly TempFolder _folder = new();
    private readonly ShiftedTime _time = new(TimeSpan.Zero);

    [Fact]
    public async Task Get_ManyAtOnce_FetchesOnce()
    {
        var cache = Open();
        var (fetches, go) = (0, new TaskCompletionSource());
        var gets = Enumerable.Range(0, 10).Select(_ => Task.Run(() => cache.GetAsync(
            "k", "k.parquet",
            async file =>
            {
                Interlocked.Increment(ref fetches);
                await go.Task;
                await File.WriteAllTextAsync(file, "k");
                return "k";
            },
            default).AsTask())).ToList();
        go.SetResult();
        var paths = await Task.WhenAll(gets);
        Assert.Equal(1, fetches);
        Assert.Single(paths.Distinct());
    }

    [Fact]
    public async Task Get_AfterARestart_FindsWhatWasThere()
    {
        var path = await GetAsync(Open(), "k", 10);
        Assert.Equal(path, await Open().GetAsync("k", "k", NotCalled, default));
    }

    [Fact]
    public async Task Get_FileThatWasCutShort_IsFetchedAgain()
    {
        var path = await GetAsync(Open(), "k", 10);
        await File.WriteAllBytesAsync(path, new byte[3]);
        Assert.Equal(10, new FileInfo(await GetAsync(Open(), "k", 10)).Length);
    }

    [Fact]
    public async Task Get_FileThatSomeoneRemoved_IsFetchedAgain()
    {
        var cache = Open();
        File.Delete(await GetAsync(cache, "k", 10));
        Assert.True(File.Exists(await GetAsync(cache, "k", 10)));
        Directory.Delete(_folder.Path, recursive: true);
        Assert.True(File.Exists(await GetAsync(cache, "k", 10)));
    }

    [Fact]
    public async Task Get_FetchFails_LeavesNothingAndIsTriedAnew()
    {
        var cache = Open();
        await Assert.ThrowsAsync<TransientException>(async () => await cache.GetAsync(
            "k", "k",
            async file =>
            {
                await File.WriteAllTextAsync(file, "half");
                throw new TransientException("gone");
            },
            default));
        Assert.Empty(Directory.EnumerateFiles(_folder.Path, "*", SearchOption.AllDirectories));
        Assert.Equal(10, new FileInfo(await GetAsync(cache, "k", 10)).Length);
    }

    [Fact]
    public async Task Get_CallerGivesUp_OthersStillGetIt()
    {
        var cache = Open();
        var go = new TaskCompletionSource();
        using var impatient = new CancellationTokenSource();
        async Task<string> FetchAsync(string file)
        {
            await go.Task;
            await File.WriteAllTextAsync(file, "k");
            return "k";
        }

        var first = cache.GetAsync("k", "k", FetchAsync, impatient.Token).AsTask();
        var second = cache.GetAsync("k", "k", FetchAsync, default).AsTask();
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        go.SetResult();
        Assert.Equal("k", await File.ReadAllTextAsync(await second));
    }

    [Fact]
    public async Task Trim_OverTheBound_RemovesWhatWasUsedLongestAgo()
    {
        var cache = Open(maxBytes: 1000);
        var paths = new List<string>();
        for (var i = 0; i < 12; i++)
        {
            paths.Add(await GetAsync(cache, $"k{i}", 100));
            _time.Shift += TimeSpan.FromMinutes(2);
        }

        await cache.GetAsync("k0", "k0", NotCalled, default);
        _time.Shift += _keep - TimeSpan.FromMinutes(5);
        cache.Trim();
        Assert.Equal([0, 4, 5, 6, 7, 8, 9, 10, 11], Enumerable.Range(0, 12).Where(i => File.Exists(paths[i])));
    }

    [Fact]
    public async Task Trim_FilesThatQueriesWereTold_StayThoughItIsTooLarge()
    {
        var (cache, other) = (Open(maxBytes: 1000), Open(maxBytes: 1000));
        var placed = Enumerable.Range(0, 5).Select(i => Stage(cache, 100, $"p{i}")).ToList();
        var told = new List<string>();
        for (var i = 0; i < 20; i++)
            told.Add(await GetAsync(cache, $"k{i}", 100));
        other.Trim();
        Assert.All(told, t => Assert.True(File.Exists(t)));
        Assert.All(placed, i => Assert.False(IsThere(other, i)));

        _time.Shift += _keep + TimeSpan.FromSeconds(1);
        other.Trim();
        Assert.InRange(told.Count(File.Exists), 8, 9);
    }

    [Fact]
    public async Task Trim_FileThatIsOpen_StaysReadable()
    {
        // There an open file is not removed.
        if (OperatingSystem.IsWindows())
            return;
        var cache = Open(maxBytes: 1000);
        await using var open = File.OpenRead(await GetAsync(cache, "open", 600));
        await GetAsync(cache, "more", 600);
        _time.Shift += _keep * 2;
        cache.Trim();
        Assert.False(File.Exists(open.Name));
        Assert.Equal(600, await open.ReadAtLeastAsync(new byte[700], 700, throwOnEndOfStream: false));
    }

    [Fact]
    public async Task Place_ManyFiles_StaysWithinTheBound()
    {
        var cache = Open(maxBytes: 100_000);
        for (var i = 0; i < 300; i++)
            Stage(cache, 1_000, $"p{i}");
        Assert.InRange(Directory.EnumerateFiles(_folder.Path, "*", SearchOption.AllDirectories).Sum(f => new FileInfo(f).Length), 50_000, 107_000);
        Assert.True(IsThere(cache, "p299"));
        Stage(cache, 60_000, "large");
        Assert.False(IsThere(cache, "large"));
        Assert.Empty(Directory.EnumerateFiles(cache.Staging));
        await GetAsync(cache, "p299", 1_000);
    }

    [Fact]
    public async Task Folder_OfCopies_IsForItsUserOnly()
    {
        if (OperatingSystem.IsWindows())
            return;
        var path = await GetAsync(Open(), "k", 1);
        Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(Path.GetDirectoryName(path)!) & (UnixFileMode.GroupRead | UnixFileMode.OtherRead));
    }

    [Fact]
    public async Task Processes_OnOneFolder_SeeWholeFilesOnly()
    {
        var caches = Enumerable.Range(0, 4).Select(_ => Open(maxBytes: 20_000)).ToList();
        await Task.WhenAll(caches.Select((cache, seed) => Task.Run(async () =>
        {
            var random = new Random(seed);
            for (var i = 0; i < 500; i++)
            {
                var size = random.Next(1, 40) * 100;
                var path = await GetAsync(cache, $"k{size}", size);
                Assert.Equal(size, (await File.ReadAllBytesAsync(path)).Length);
                if (i % 50 == 0)
                    cache.Trim();
            }
        })));
    }

    public void Dispose() => _folder.Dispose();

    private static Task<string> NotCalled(string file) => throw new InvalidOperationException("It is there.");

    private static ValueTask<string> GetAsync(LocalCache cache, string key, int size) => cache.GetAsync(
        key, key,
        async file =>
        {
            await File.WriteAllBytesAsync(file, new byte[size]);
            return key;
        },
        default);

    private static string Stage(LocalCache cache, int size, string key)
    {
        var staged = cache.NewStagingPath(".parquet");
        File.WriteAllBytes(staged, new byte[size]);
        cache.Place(key, key, staged);
        return key;
    }

    private static bool IsThere(LocalCache cache, string key) =>
        Directory.EnumerateFiles(cache.Folder, $"*-{key}", SearchOption.AllDirectories).Any(f => !f.Contains(".staging", StringComparison.Ordinal));

    private LocalCache Open(long maxBytes = 1 << 20) => new(_folder.Path, maxBytes, _keep, _time, NullLogger.Instance);
}
