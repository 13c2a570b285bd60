using System.Buffers;
using System.Globalization;
using Amazon.S3.Model;

namespace Pipeline.Lake;

internal sealed partial class S3ObjectStore
{
    private const int CopyBuffer = 128 * 1024;
    private const int MaxParts = 10_000;

    public async ValueTask UploadFileAsync(string localFile, ObjectPath path, CancellationToken cancellationToken = default)
    {
        const string Operation = "Upload";
        var key = Key(path);
        try
        {
            var source = Path.GetFullPath(localFile);
            var size = new FileInfo(source).Length;
            var etag = size <= _options.PartBytes
                ? await _requests.SendAsync(Operation, path.Value, token => PutOnceAsync(NewPut(key, Open(source, 0)), token), cancellationToken)
                : await UploadPartsAsync(source, size, key, path.Value, cancellationToken);

            // It will be read soon by this process, if by anyone.
            if (source.StartsWith(_cache.Staging + Path.DirectorySeparatorChar, StringComparison.Ordinal))
                _cache.Place(Identity(path, etag), path.Name, source);
            else
                File.Delete(source);
        }
        catch (Exception e) when (FolderErrors.Handles(e))
        {
            throw FolderErrors.From(e, Operation, path.Value);
        }
    }

    private static FileStream Open(string file, long position) =>
        new(file, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 0, FileOptions.Asynchronous | FileOptions.SequentialScan)
        {
            Position = position,
        };

    /// <summary>Reads an object into a new file, in parts at the same time where it is large.</summary>
    /// <returns>The version that was read.</returns>
    private async Task<string?> FetchAsync(string key, string subject, string file)
    {
        using var handle = File.OpenHandle(file, FileMode.CreateNew, FileAccess.Write, FileShare.Read, FileOptions.Asynchronous);
        var (total, etag) = await _requests.SendAsync(
            "Fetch", subject, token => FetchPartAsync(key, handle, 0, _options.PartBytes - 1, token),
            (failure, _, _) => ValueTask.FromResult(failure.Kind == S3FailureKind.OutOfRange ? Settled<(long, string?)>.As((0, null)) : default),
            CancellationToken.None);
        if (etag is null)
            return (await LookUpAsync(key, subject, CancellationToken.None))?.ETag;
        var parts = Enumerable.Range(1, (int)((total + _options.PartBytes - 1) / _options.PartBytes) is var count and > 1 ? count - 1 : 0);
        await Parallel.ForEachAsync(parts, new ParallelOptions { MaxDegreeOfParallelism = _options.ParallelParts }, async (part, cancellationToken) =>
        {
            var from = part * _options.PartBytes;
            var (_, version) = await _requests.SendAsync(
                "Fetch", subject, token => FetchPartAsync(key, handle, from, Math.Min(from + _options.PartBytes, total) - 1, token), cancellationToken);
            if (version != etag)
                throw new TransientException($"Fetch '{subject}' from {Location}: the object was replaced while it was read.");
        });
        return etag;
    }

    private async Task<(long Total, string? Version)> FetchPartAsync(
        string key, Microsoft.Win32.SafeHandles.SafeFileHandle file, long from, long to, CancellationToken cancellationToken)
    {
        using var response = await Client.GetObjectAsync(NewGet(key, from, to), cancellationToken);
        var total = TotalOf(response.ContentRange) ?? response.ContentLength;
        var buffer = ArrayPool<byte>.Shared.Rent(CopyBuffer);
        try
        {
            var left = response.ContentLength;
            for (var at = from; left > 0;)
            {
                var read = await response.ResponseStream.ReadAsync(buffer.AsMemory(0, (int)Math.Min(left, CopyBuffer)), cancellationToken);
                if (read == 0)
                    throw new S3ConnectionException("the connection ended before the object did");
                await WriteAsync(file, buffer.AsMemory(0, read), at, key, cancellationToken);
                at += read;
                left -= read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return (total, response.ETag);
    }

    // A full disk here is no fault of the server's, and asking it again does not help.
    private static async ValueTask WriteAsync(
        Microsoft.Win32.SafeHandles.SafeFileHandle file, ReadOnlyMemory<byte> bytes, long at, string key, CancellationToken cancellationToken)
    {
        try
        {
            await RandomAccess.WriteAsync(file, bytes, at, cancellationToken);
        }
        catch (Exception e) when (FolderErrors.Handles(e))
        {
            throw FolderErrors.From(e, "Keep a local copy of", key);
        }
    }

    // "bytes 0-1023/4096"; nothing where the server gave all of it.
    private static long? TotalOf(string? range) =>
        range is not null && long.TryParse(range.AsSpan(range.LastIndexOf('/') + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var total)
            ? total
            : null;

    private async Task<string> UploadPartsAsync(string file, long size, string key, string subject, CancellationToken cancellationToken)
    {
        const string Operation = "Upload";
        var mark = Guid.NewGuid().ToString("N");
        var upload = await _requests.SendAsync(
            Operation, subject,
            async token =>
            {
                var request = new InitiateMultipartUploadRequest { BucketName = _bucket, Key = key };
                request.Metadata[Mark] = mark;
                return (await Client.InitiateMultipartUploadAsync(request, token)).UploadId;
            },
            cancellationToken);
        try
        {
            var partBytes = Math.Max(_options.PartBytes, (size + MaxParts - 1) / MaxParts);
            var tags = new PartETag[(int)((size + partBytes - 1) / partBytes)];
            var limits = new ParallelOptions { MaxDegreeOfParallelism = _options.ParallelParts, CancellationToken = cancellationToken };
            await Parallel.ForEachAsync(Enumerable.Range(0, tags.Length), limits, async (part, partCancellation) =>
            {
                var from = part * partBytes;
                var tag = await _requests.SendAsync(
                    Operation, subject, token => UploadPartAsync(file, key, upload, part + 1, from, Math.Min(partBytes, size - from), token), partCancellation);
                tags[part] = new PartETag(part + 1, tag);
            });
            return await CompleteAsync(key, subject, upload, [.. tags], mark, cancellationToken);
        }
        catch (Exception)
        {
            await AbortAsync(key, subject, upload);
            throw;
        }
    }

    private async Task<string> UploadPartAsync(string file, string key, string upload, int number, long from, long length, CancellationToken token)
    {
        using var content = Open(file, from);
        var request = new UploadPartRequest
        {
            BucketName = _bucket,
            Key = key,
            UploadId = upload,
            PartNumber = number,
            PartSize = length,
            InputStream = content,
        };
        if (!_options.SignsPayload)
            request.DisablePayloadSigning = true;
        return (await Client.UploadPartAsync(request, token)).ETag;
    }

    private ValueTask<string> CompleteAsync(string key, string subject, string upload, List<PartETag> tags, string mark, CancellationToken cancellationToken) =>
        _requests.SendAsync(
            "Upload", subject,
            async token => (await Client.CompleteMultipartUploadAsync(
                new CompleteMultipartUploadRequest { BucketName = _bucket, Key = key, UploadId = upload, PartETags = tags }, token)).ETag,
            async (failure, mayHaveHappened, token) =>

                // The answer to an earlier try was lost, but it was done.
                failure.Kind == S3FailureKind.NoUpload && mayHaveHappened
                && await LookUpAsync(key, subject, token) is { } found && found.Metadata[Mark] == mark
                    ? Settled<string>.As(found.ETag)
                    : default,
            cancellationToken);

    // Parts of an upload that nobody completes cost money for ever, unless the bucket has a rule that removes them.
    private async ValueTask AbortAsync(string key, string subject, string upload)
    {
        try
        {
            await _requests.SendAsync(
                "Abort the upload of", subject,
                token => Client.AbortMultipartUploadAsync(new AbortMultipartUploadRequest { BucketName = _bucket, Key = key, UploadId = upload }, token),
                CancellationToken.None);
        }
        catch (Exception e) when (e is TransientException or TerminalException)
        {
            _logger.UploadNotAborted(e, subject, upload);
        }
    }
}
