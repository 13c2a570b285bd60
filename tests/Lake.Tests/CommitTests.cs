namespace Pipeline.Lake.Tests;

/// <summary>The commit protocol where the store answers oddly.</summary>
public sealed class CommitTests : IDisposable
{
    private static readonly DeltaTableDefinition _definition = new() { Schema = new DeltaSchema(new DeltaField("id", DeltaType.Long)) };

    private readonly TempFolder _folder = new();
    private readonly CountingStore _store;

    public CommitTests() => _store = new CountingStore(new FolderObjectStore(_folder.Path));

    [Fact]
    public async Task Commit_StoreTookItButReportsAnError_IsCommittedOnce()
    {
        using var lake = Lakes.Open(_store);
        await lake.Table("t").CreateIfNotExistsAsync(_definition);
        _store.OnPutIfAbsent = async call =>
        {
            await call();
            throw new TransientException("The connection broke before the answer.");
        };
        var result = await lake.Table("t").AppendAsync(new DeltaAppend { Transactions = [new("a", null, 1)] });
        Assert.True(result.Committed);
        Assert.Equal(1, result.Version);
        Assert.Equal(1, (await lake.Table("t").SnapshotAsync()).Version);
    }

    [Fact]
    public async Task Commit_StoreRepeatedThePutAndSaysItIsTaken_IsCommittedOnce()
    {
        using var lake = Lakes.Open(_store);
        await lake.Table("t").CreateIfNotExistsAsync(_definition);
        _store.OnPutIfAbsent = async call =>
        {
            await call();
            return await call();
        };
        var result = await lake.Table("t").AppendAsync(new DeltaAppend { Transactions = [new("a", null, 1)] });
        Assert.True(result.Committed);
        Assert.Equal(1, result.Version);
    }

    [Fact]
    public async Task Commit_StoreIsAway_IsTransientAndNotCommitted()
    {
        using var lake = Lakes.Open(_store);
        await lake.Table("t").CreateIfNotExistsAsync(_definition);
        _store.OnPutIfAbsent = _ => throw new TransientException("away");
        await Assert.ThrowsAsync<TransientException>(async () => await lake.Table("t").AppendAsync(new DeltaAppend { Transactions = [new("a", null, 1)] }));
        _store.OnPutIfAbsent = null;
        Assert.Empty((await lake.Table("t").SnapshotAsync()).Transactions);
        Assert.True((await lake.Table("t").AppendAsync(new DeltaAppend { Transactions = [new("a", null, 1)] })).Committed);
    }

    [Fact]
    public async Task Commit_NeverFirst_GivesUpAsTransient()
    {
        using var lake = Lakes.Open(_store, null, new LakeOptions { MaxCommitAttempts = 4 });
        await lake.Table("t").CreateIfNotExistsAsync(_definition);
        _store.OnPutIfAbsent = _ => ValueTask.FromResult(false);
        _store.Calls.Clear();
        var error = await Assert.ThrowsAsync<TransientException>(
            async () => await lake.Table("t").AppendAsync(new DeltaAppend { Transactions = [new("a", null, 1)] }));
        Assert.Contains("4 times", error.Message, StringComparison.Ordinal);
        Assert.Equal(4, _store.Calls.Count(c => c.StartsWith("put", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Snapshot_CachedLongAgo_IsReadAnew()
    {
        var time = new ShiftedTime(TimeSpan.Zero);
        using var idle = Lakes.Open(_store, time);
        await idle.Table("t").CreateIfNotExistsAsync(_definition);
        using (var busy = Lakes.Open(_store))
        {
            for (var i = 0; i < 12; i++)
                await busy.Table("t").AppendAsync(new DeltaAppend { Transactions = [new("a", i == 0 ? null : i - 1, i)] });
        }

        // As a cleanup of the log leaves it: the commits after the cached version are gone.
        await _store.DeleteAsync([.. Enumerable.Range(0, 10).Select(v => ObjectPath.Parse($"t/_delta_log/{v:D20}.json"))]);
        time.Shift = TimeSpan.FromHours(2);
        Assert.Equal(12, (await idle.Table("t").SnapshotAsync()).Version);
    }

    public void Dispose() => _folder.Dispose();
}
