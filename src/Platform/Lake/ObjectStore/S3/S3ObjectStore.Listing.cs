using System.Runtime.CompilerServices;
using Amazon.S3;
using Amazon.S3.Model;

namespace Pipeline.Lake;

internal sealed partial class S3ObjectStore
{
    /// <summary>Keys of one request that deletes, by the protocol.</summary>
    private const int DeleteBatch = 1_000;

    private const int ParallelDeletes = 8;

    public async IAsyncEnumerable<ObjectInfo> ListAsync(
        ObjectPath prefix, ObjectPath? startAfter = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var request = NewList(prefix);
        request.StartAfter = startAfter is { } after ? _prefix + after.Value : null;
        await foreach (var page in PagesAsync(request, prefix, cancellationToken))
        {
            foreach (var found in page.S3Objects ?? [])
            {
                if (PathOf(found.Key) is { } path)
                    yield return new ObjectInfo(path, found.Size ?? 0, Utc(found.LastModified));
            }
        }
    }

    public async IAsyncEnumerable<ObjectPath> ListPrefixesAsync(ObjectPath prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var request = NewList(prefix);
        request.Delimiter = "/";
        await foreach (var page in PagesAsync(request, prefix, cancellationToken))
        {
            foreach (var found in page.CommonPrefixes ?? [])
            {
                if (PathOf(found.TrimEnd('/')) is { } path)
                    yield return path;
            }
        }
    }

    public async ValueTask DeleteAsync(IReadOnlyCollection<ObjectPath> paths, CancellationToken cancellationToken = default)
    {
        foreach (var batch in paths.Chunk(DeleteBatch))
        {
            if (batch.Length == 1 || _deletesOneByOne || !await TryDeleteBatchAsync(batch, cancellationToken))
                await DeleteOneByOneAsync(batch, cancellationToken);
            foreach (var path in batch)
                _cache.Remove(Key(path));
        }
    }

    private ListObjectsV2Request NewList(ObjectPath prefix) =>
        new() { BucketName = _bucket, Prefix = prefix.IsRoot ? _prefix : $"{_prefix}{prefix.Value}/", MaxKeys = PageSize };

    private async IAsyncEnumerable<ListObjectsV2Response> PagesAsync(
        ListObjectsV2Request request, ObjectPath prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ListObjectsV2Response page;
        do
        {
            page = await _requests.SendAsync("List", prefix.IsRoot ? "/" : prefix.Value, token => Client.ListObjectsV2Async(request, token), cancellationToken);
            yield return page;
            request.ContinuationToken = page.NextContinuationToken;
        }
        while (page.IsTruncated == true);
    }

    private async ValueTask<bool> TryDeleteBatchAsync(ObjectPath[] batch, CancellationToken cancellationToken)
    {
        var request = new DeleteObjectsRequest { BucketName = _bucket, Quiet = true, Objects = [.. batch.Select(p => new KeyVersion { Key = Key(p) })] };
        var subject = $"{batch[0].Value} and {batch.Length - 1} more";
        for (var attempt = 1; ; attempt++)
        {
            // Null where the server does not know the request.
            var errors = await _requests.SendAsync<List<DeleteError>?>(
                "Delete", subject,
                async token =>
                {
                    try
                    {
                        return (await Client.DeleteObjectsAsync(request, token)).DeleteErrors ?? [];
                    }
                    catch (DeleteObjectsException e)
                    {
                        return e.Response.DeleteErrors ?? [];
                    }
                },
                (failure, _, _) => ValueTask.FromResult(failure.Kind == S3FailureKind.NotSupported ? Settled<List<DeleteError>?>.As(null) : default),
                cancellationToken);
            if (errors is null)
            {
                _deletesOneByOne = true;
                return false;
            }

            errors.RemoveAll(e => e.Code == "NoSuchKey");
            if (errors.Count == 0)
                return true;
            if (attempt >= _options.MaxAttempts || errors.Any(e => e.Code is "AccessDenied"))
            {
                var message = $"Delete '{errors[0].Key}' and {errors.Count - 1} more in {Location}: the server answers {errors[0].Code}";
                throw errors.Any(e => e.Code is "AccessDenied") ? new TerminalException(message) : new TransientException(message);
            }

            request.Objects = [.. errors.Select(e => new KeyVersion { Key = e.Key })];
            await _requests.PauseAsync(attempt, cancellationToken);
        }
    }

    private Task DeleteOneByOneAsync(ObjectPath[] batch, CancellationToken cancellationToken) => Parallel.ForEachAsync(
        batch, new ParallelOptions { MaxDegreeOfParallelism = ParallelDeletes, CancellationToken = cancellationToken },
        async (path, stop) =>
        {
            await _requests.SendAsync(
                "Delete", path.Value,
                async token =>
                {
                    await Client.DeleteObjectAsync(new DeleteObjectRequest { BucketName = _bucket, Key = Key(path) }, token);
                    return true;
                },
                (failure, _, _) => ValueTask.FromResult(failure.Kind == S3FailureKind.NotFound ? Settled<bool>.As(true) : default),
                stop);
        });
}
