using Pipeline.Lake;

namespace Pipeline.Purchases.Tests.Support;

/// <summary>A store whose process can be killed before and after each write.</summary>
internal sealed class FaultyStore(IObjectStore store, Faults faults) : IObjectStore
{
    public string Location => store.Location;

    public string LocalFolder => store.LocalFolder;

    public async ValueTask<bool> PutIfAbsentAsync(ObjectPath path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        faults.Step($"before commit {path}");
        var created = await store.PutIfAbsentAsync(path, content, cancellationToken);
        faults.Step($"after commit {path}");
        return created;
    }

    public async ValueTask PutAsync(ObjectPath path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        faults.Step($"before put {path}");
        await store.PutAsync(path, content, cancellationToken);
        faults.Step($"after put {path}");
    }

    public async ValueTask UploadFileAsync(string localFile, ObjectPath path, CancellationToken cancellationToken = default)
    {
        faults.Step($"before upload {path}");
        await store.UploadFileAsync(localFile, path, cancellationToken);
        faults.Step($"after upload {path}");
    }

    public async ValueTask DeleteAsync(IReadOnlyCollection<ObjectPath> paths, CancellationToken cancellationToken = default)
    {
        faults.Step("before delete");
        await store.DeleteAsync(paths, cancellationToken);
    }

    public ValueTask<byte[]?> TryReadAllAsync(ObjectPath path, CancellationToken cancellationToken = default)
    {
        Alive(path);
        return store.TryReadAllAsync(path, cancellationToken);
    }

    public ValueTask<Stream> OpenReadAsync(ObjectPath path, long offset = 0, CancellationToken cancellationToken = default)
    {
        Alive(path);
        return store.OpenReadAsync(path, offset, cancellationToken);
    }

    public ValueTask<byte[]> ReadRangeAsync(ObjectPath path, long offset, int length, CancellationToken cancellationToken = default) =>
        store.ReadRangeAsync(path, offset, length, cancellationToken);

    public IAsyncEnumerable<ObjectInfo> ListAsync(ObjectPath prefix, ObjectPath? startAfter = null, CancellationToken cancellationToken = default)
    {
        Alive(prefix);
        return store.ListAsync(prefix, startAfter, cancellationToken);
    }

    public IAsyncEnumerable<ObjectPath> ListPrefixesAsync(ObjectPath prefix, CancellationToken cancellationToken = default) =>
        store.ListPrefixesAsync(prefix, cancellationToken);

    public ValueTask<ObjectInfo?> HeadAsync(ObjectPath path, CancellationToken cancellationToken = default) => store.HeadAsync(path, cancellationToken);

    public ValueTask<string> GetLocalPathAsync(ObjectPath path, CancellationToken cancellationToken = default) =>
        store.GetLocalPathAsync(path, cancellationToken);

    public string NewStagingPath(string extension) => store.NewStagingPath(extension);

    public ValueTask<int> CleanStagingAsync(TimeSpan olderThan, bool dryRun, CancellationToken cancellationToken = default) =>
        store.CleanStagingAsync(olderThan, dryRun, cancellationToken);

    public ObjectPath? Resolve(string absolute) => store.Resolve(absolute);

    private void Alive(ObjectPath path)
    {
        if (faults.Dead)
            throw new TransientException($"Dead at: {path}.");
    }
}
