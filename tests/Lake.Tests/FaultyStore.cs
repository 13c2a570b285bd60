namespace Pipeline.Lake.Tests;

/// <summary>A store whose process dies at one of its calls: before that call takes effect or after it, and at all later ones.</summary>
internal sealed class FaultyStore(IObjectStore inner, int diesAt, bool afterEffect) : IObjectStore
{
    private int _calls;

    public bool Died { get; private set; }

    public string Location => inner.Location;

    public string LocalFolder => inner.LocalFolder;

    public ValueTask<bool> PutIfAbsentAsync(ObjectPath path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default) =>
        CallAsync(() => inner.PutIfAbsentAsync(path, content, cancellationToken));

    public async ValueTask PutAsync(ObjectPath path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default) =>
        await CallAsync(async () =>
        {
            await inner.PutAsync(path, content, cancellationToken);
            return 0;
        });

    public async ValueTask UploadFileAsync(string localFile, ObjectPath path, CancellationToken cancellationToken = default) =>
        await CallAsync(async () =>
        {
            await inner.UploadFileAsync(localFile, path, cancellationToken);
            return 0;
        });

    public ValueTask<Stream> OpenReadAsync(ObjectPath path, long offset = 0, CancellationToken cancellationToken = default) =>
        CallAsync(() => inner.OpenReadAsync(path, offset, cancellationToken));

    public ValueTask<byte[]?> TryReadAllAsync(ObjectPath path, CancellationToken cancellationToken = default) =>
        CallAsync(() => inner.TryReadAllAsync(path, cancellationToken));

    public ValueTask<byte[]> ReadRangeAsync(ObjectPath path, long offset, int length, CancellationToken cancellationToken = default) =>
        CallAsync(() => inner.ReadRangeAsync(path, offset, length, cancellationToken));

    public IAsyncEnumerable<ObjectInfo> ListAsync(ObjectPath prefix, ObjectPath? startAfter = null, CancellationToken cancellationToken = default)
    {
        Count();
        return inner.ListAsync(prefix, startAfter, cancellationToken);
    }

    public IAsyncEnumerable<ObjectPath> ListPrefixesAsync(ObjectPath prefix, CancellationToken cancellationToken = default)
    {
        Count();
        return inner.ListPrefixesAsync(prefix, cancellationToken);
    }

    public ValueTask<ObjectInfo?> HeadAsync(ObjectPath path, CancellationToken cancellationToken = default) =>
        CallAsync(() => inner.HeadAsync(path, cancellationToken));

    public async ValueTask DeleteAsync(IReadOnlyCollection<ObjectPath> paths, CancellationToken cancellationToken = default)
    {
        // Deletion is not atomic: the process may die between any two.
        foreach (var path in paths)
        {
            await CallAsync(async () =>
            {
                await inner.DeleteAsync([path], cancellationToken);
                return 0;
            });
        }
    }

    public ValueTask<string> GetLocalPathAsync(ObjectPath path, CancellationToken cancellationToken = default) =>
        CallAsync(() => inner.GetLocalPathAsync(path, cancellationToken));

    public string NewStagingPath(string extension) => inner.NewStagingPath(extension);

    public ValueTask<int> CleanStagingAsync(TimeSpan olderThan, bool dryRun, CancellationToken cancellationToken = default) =>
        CallAsync(() => inner.CleanStagingAsync(olderThan, dryRun, cancellationToken));

    public ObjectPath? Resolve(string absolute) => inner.Resolve(absolute);

    private async ValueTask<T> CallAsync<T>(Func<ValueTask<T>> call)
    {
        var dies = Count();
        var result = await call();
        return dies ? throw new TransientException("The process died after the call.") : result;
    }

    private bool Count()
    {
        if (Died)
            throw new TransientException("The process is dead.");
        if (++_calls != diesAt)
            return false;
        Died = true;
        return afterEffect ? true : throw new TransientException("The process died before the call.");
    }
}
