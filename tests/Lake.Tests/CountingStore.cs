using System.Collections.Concurrent;

namespace Pipeline.Lake.Tests;

/// <summary>Notes the calls that cost a request on a remote store.</summary>
internal sealed class CountingStore(IObjectStore inner) : IObjectStore
{
    public ConcurrentQueue<string> Calls { get; } = new();

    /// <summary>Stands in the way of put-if-absent: gets the real call.</summary>
    public Func<Func<ValueTask<bool>>, ValueTask<bool>>? OnPutIfAbsent { get; set; }

    public string Location => inner.Location;

    public string LocalFolder => inner.LocalFolder;

    public ValueTask<bool> PutIfAbsentAsync(ObjectPath path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        Calls.Enqueue($"put {path.Name}");
        return OnPutIfAbsent is { } instead
            ? instead(() => inner.PutIfAbsentAsync(path, content, cancellationToken))
            : inner.PutIfAbsentAsync(path, content, cancellationToken);
    }

    public ValueTask PutAsync(ObjectPath path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        Calls.Enqueue($"put {path.Name}");
        return inner.PutAsync(path, content, cancellationToken);
    }

    public ValueTask UploadFileAsync(string localFile, ObjectPath path, CancellationToken cancellationToken = default)
    {
        Calls.Enqueue("upload");
        return inner.UploadFileAsync(localFile, path, cancellationToken);
    }

    public ValueTask<Stream> OpenReadAsync(ObjectPath path, long offset = 0, CancellationToken cancellationToken = default)
    {
        Calls.Enqueue($"read {path.Name}");
        return inner.OpenReadAsync(path, offset, cancellationToken);
    }

    public ValueTask<byte[]?> TryReadAllAsync(ObjectPath path, CancellationToken cancellationToken = default)
    {
        Calls.Enqueue($"read {path.Name}");
        return inner.TryReadAllAsync(path, cancellationToken);
    }

    public ValueTask<byte[]> ReadRangeAsync(ObjectPath path, long offset, int length, CancellationToken cancellationToken = default)
    {
        Calls.Enqueue($"read {path.Name}");
        return inner.ReadRangeAsync(path, offset, length, cancellationToken);
    }

    public IAsyncEnumerable<ObjectInfo> ListAsync(ObjectPath prefix, ObjectPath? startAfter = null, CancellationToken cancellationToken = default)
    {
        Calls.Enqueue("list");
        return inner.ListAsync(prefix, startAfter, cancellationToken);
    }

    public IAsyncEnumerable<ObjectPath> ListPrefixesAsync(ObjectPath prefix, CancellationToken cancellationToken = default)
    {
        Calls.Enqueue("list");
        return inner.ListPrefixesAsync(prefix, cancellationToken);
    }

    public ValueTask<ObjectInfo?> HeadAsync(ObjectPath path, CancellationToken cancellationToken = default)
    {
        Calls.Enqueue($"head {path.Name}");
        return inner.HeadAsync(path, cancellationToken);
    }

    public ValueTask DeleteAsync(IReadOnlyCollection<ObjectPath> paths, CancellationToken cancellationToken = default)
    {
        Calls.Enqueue("delete");
        return inner.DeleteAsync(paths, cancellationToken);
    }

    public ValueTask<string> GetLocalPathAsync(ObjectPath path, CancellationToken cancellationToken = default)
    {
        Calls.Enqueue($"fetch {path.Name}");
        return inner.GetLocalPathAsync(path, cancellationToken);
    }

    public string NewStagingPath(string extension) => inner.NewStagingPath(extension);

    public ValueTask<int> CleanStagingAsync(TimeSpan olderThan, bool dryRun, CancellationToken cancellationToken = default) =>
        inner.CleanStagingAsync(olderThan, dryRun, cancellationToken);

    public ObjectPath? Resolve(string absolute) => inner.Resolve(absolute);
}
