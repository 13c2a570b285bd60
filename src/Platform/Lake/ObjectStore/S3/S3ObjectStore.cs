using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Amazon.S3;
using Amazon.S3.Model;
using Microsoft.Extensions.Logging;

namespace Pipeline.Lake;

/// <summary>
/// The object store on S3 and what speaks its protocol: MinIO, Ceph, R2. Put-if-absent is a PUT with <c>If-None-Match: *</c>; files are read from local
/// copies, see <see cref="LocalCache"/>.
/// </summary>
internal sealed partial class S3ObjectStore : IObjectStore, IDisposable
{
    /// <summary>The object by which a server shows that it knows the condition of a put; never listed.</summary>
    internal const string Probe = ".put-if-absent";

    // Tells whose put made an object, where an answer was lost.
    private const string Mark = "pipeline-put";

    private readonly S3Options _options;
    private readonly S3Requests _requests;
    private readonly IDisposable _http;
    private readonly LocalCache _cache;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly string _bucket;
    private readonly string _prefix;
    private readonly SemaphoreSlim _probing = new(1, 1);
    private volatile bool _knowsConditions;
    private volatile bool _deletesOneByOne;

    /// <summary>Opens a store. Nothing is sent yet.</summary>
    /// <param name="options">Options without faults.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Gets retries and what the cache does.</param>
    /// <param name="wrap">Stands between the client and the network; for tests.</param>
    public S3ObjectStore(S3Options options, TimeProvider time, ILogger logger, Func<HttpMessageHandler, HttpMessageHandler>? wrap = null)
    {
        _options = options;
        _time = time;
        _logger = logger;
        _bucket = options.Bucket!;
        _prefix = string.IsNullOrEmpty(options.Prefix) ? "" : options.Prefix + "/";
        Location = $"s3://{_bucket}/{options.Prefix}".TrimEnd('/');
        (var client, _http) = S3Connection.Open(options, wrap);
        _requests = new S3Requests(client, options, Location, time, logger);
        _cache = new LocalCache(CacheFolder(options), options.CacheBytes, options.CacheKeep, time, logger);
    }

    public string Location { get; }

    public string LocalFolder => _cache.Folder;

    /// <summary>Keys of one page of a listing.</summary>
    internal int PageSize { get; init; } = 1_000;

    internal LocalCache Cache => _cache;

    public async ValueTask<bool> PutIfAbsentAsync(ObjectPath path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        var key = Key(path);
        await EnsureConditionsAsync(cancellationToken);
        return await CreateAsync(key, path.Value, content, cancellationToken);
    }

    public async ValueTask PutAsync(ObjectPath path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        var key = Key(path);
        await _requests.SendAsync("Write", path.Value, token => PutOnceAsync(NewPut(key, content), token), cancellationToken);
    }

    public async ValueTask<Stream> OpenReadAsync(ObjectPath path, long offset = 0, CancellationToken cancellationToken = default)
    {
        var key = Key(path);
        try
        {
            var response = await OpenAsync(offset, cancellationToken);
            return new S3ReadStream(_requests, response, offset, OpenAsync, path.Value, Location, _options.MaxAttempts);
        }
        catch (TerminalException e) when (e is not ObjectNotFoundException && IsOutOfRange(e))
        {
            return new MemoryStream([]);
        }

        ValueTask<GetObjectResponse> OpenAsync(long from, CancellationToken token) =>
            _requests.SendAsync("Read", path.Value, t => Client.GetObjectAsync(NewGet(key, from, null), t), token);
    }

    public ValueTask<byte[]?> TryReadAllAsync(ObjectPath path, CancellationToken cancellationToken = default)
    {
        var key = Key(path);
        return _requests.SendAsync<byte[]?>(
            "Read", path.Value, async token => await ReadAsync(NewGet(key, 0, null), token),
            (failure, _, _) => ValueTask.FromResult(failure.Kind == S3FailureKind.NotFound ? Settled<byte[]?>.As(null) : default),
            cancellationToken);
    }

    public ValueTask<byte[]> ReadRangeAsync(ObjectPath path, long offset, int length, CancellationToken cancellationToken = default)
    {
        var key = Key(path);
        return length == 0 ? ValueTask.FromResult<byte[]>([]) : _requests.SendAsync(
            "Read", path.Value, token => ReadAsync(NewGet(key, offset, offset + length - 1), token),
            (failure, _, _) => ValueTask.FromResult(failure.Kind == S3FailureKind.OutOfRange ? Settled<byte[]>.As([]) : default),
            cancellationToken);
    }

    public async ValueTask<ObjectInfo?> HeadAsync(ObjectPath path, CancellationToken cancellationToken = default) =>
        await LookUpAsync(Key(path), path.Value, cancellationToken) is { } found
            ? new ObjectInfo(path, found.ContentLength, Utc(found.LastModified))
            : null;

    public async ValueTask<string> GetLocalPathAsync(ObjectPath path, CancellationToken cancellationToken = default)
    {
        var key = Key(path);
        if (HasId(path.Name))
            return await _cache.GetAsync(key, path.Name, async file => Identity(path, await FetchAsync(key, path.Value, file)), cancellationToken);

        // Under a name without an id another object may be by now, as when a table was made anew in the same place.
        var found = await LookUpAsync(key, path.Value, cancellationToken)
            ?? throw new ObjectNotFoundException($"Read '{path.Value}': there is no such object.");
        return await _cache.GetAsync(
            Identity(path, found.ETag), path.Name, async file => Identity(path, await FetchAsync(key, path.Value, file)), cancellationToken);
    }

    public string NewStagingPath(string extension) => _cache.NewStagingPath(extension);

    public ValueTask<int> CleanStagingAsync(TimeSpan olderThan, bool dryRun, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(StagingFolder.Clean(_cache.Staging, _time.GetUtcNow() - olderThan, dryRun, cancellationToken));

    public ObjectPath? Resolve(string absolute)
    {
        var scheme = absolute.IndexOf("://", StringComparison.Ordinal);
        if (scheme < 0 || absolute[..scheme].ToUpperInvariant() is not ("S3" or "S3A" or "S3N"))
            return null;
        var rest = absolute[(scheme + 3)..];
        return rest.StartsWith(_bucket + "/", StringComparison.Ordinal) ? PathOf(UriPath.Decode(rest[(_bucket.Length + 1)..])) : null;
    }

    public void Dispose()
    {
        Client.Dispose();
        _http.Dispose();
        _probing.Dispose();
        _requests.Dispose();
    }

    private IAmazonS3 Client => _requests.Client;

    // One folder a lake: an engine that may read this one reads no other's.
    private static string CacheFolder(S3Options options)
    {
        var root = options.CacheFolder;
        if (string.IsNullOrEmpty(root))
        {
            var caches = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
            if (string.IsNullOrEmpty(caches))
                caches = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify);
            root = Path.Combine(string.IsNullOrEmpty(caches) ? Path.GetTempPath() : caches, "pipeline", "lake");
        }

        var lake = SHA256.HashData(Encoding.UTF8.GetBytes($"{options.Endpoint}\n{options.Bucket}\n{options.Prefix}"));
        return Path.Combine(root, $"{options.Bucket}-{Convert.ToHexStringLower(lake.AsSpan(0, 4))}");
    }

    private static DateTimeOffset Utc(DateTime? time) => time switch
    {
        null => DateTimeOffset.UnixEpoch,
        { Kind: DateTimeKind.Unspecified } unspecified => new DateTimeOffset(unspecified, TimeSpan.Zero),
        { } known => new DateTimeOffset(known.ToUniversalTime()),
    };

    private static bool IsOutOfRange(TerminalException e) => e.InnerException is { } cause && S3Failure.Of(cause).Kind == S3FailureKind.OutOfRange;

    // A name with a GUID in it is never given twice.
    private static bool HasId(string name)
    {
        const int Length = 36;
        for (var i = 0; i + Length <= name.Length; i++)
        {
            if (name[i + 8] == '-' && Guid.TryParseExact(name.AsSpan(i, Length), "D", out _))
                return true;
        }

        return false;
    }

    private string Identity(ObjectPath path, string? etag) => HasId(path.Name) ? Key(path) : $"{Key(path)}\n{etag?.Trim('"')}";

    private string Key(ObjectPath path)
    {
        if (path.IsRoot)
            throw new TerminalException("The root of an object store is not an object.");
        return path.Value != Probe ? _prefix + path.Value : throw new TerminalException($"'{path.Value}' is reserved for the store itself.");
    }

    private ObjectPath? PathOf(string key) =>
        key.StartsWith(_prefix, StringComparison.Ordinal) && ObjectPath.TryParse(key[_prefix.Length..], out var path) && path.Value != Probe ? path : null;

    private GetObjectRequest NewGet(string key, long from, long? to)
    {
        var request = new GetObjectRequest { BucketName = _bucket, Key = key };
        if (from > 0 || to is not null)
            request.ByteRange = new ByteRange(from, to ?? long.MaxValue);
        return request;
    }

    private PutObjectRequest NewPut(string key, ReadOnlyMemory<byte> content) => NewPut(
        key, MemoryMarshal.TryGetArray(content, out var array)
            ? new MemoryStream(array.Array!, array.Offset, array.Count, writable: false)
            : new MemoryStream(content.ToArray(), writable: false));

    private PutObjectRequest NewPut(string key, Stream content)
    {
        var request = new PutObjectRequest { BucketName = _bucket, Key = key, InputStream = content, AutoCloseStream = true };
        if (!_options.SignsPayload)
            request.DisablePayloadSigning = true;
        return request;
    }

    private async Task<string> PutOnceAsync(PutObjectRequest request, CancellationToken token) => (await Client.PutObjectAsync(request, token)).ETag;

    /// <summary>Put-if-absent. An object that is there after a try whose answer was lost is this call's own if it carries its mark.</summary>
    private ValueTask<bool> CreateAsync(string key, string subject, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var mark = Guid.NewGuid().ToString("N");
        return _requests.SendAsync(
            "Create", subject,
            async token =>
            {
                var request = NewPut(key, content);
                request.IfNoneMatch = "*";
                request.Metadata[Mark] = mark;
                await PutOnceAsync(request, token);
                return true;
            },
            async (failure, mayHaveHappened, token) => failure.Kind switch
            {
                S3FailureKind.Exists when !mayHaveHappened => Settled<bool>.As(false),
                S3FailureKind.Exists => Settled<bool>.As(await IsMarkedAsync(key, subject, mark, token)),
                _ => default,
            },
            cancellationToken);
    }

    private async ValueTask<bool> IsMarkedAsync(string key, string subject, string mark, CancellationToken cancellationToken)
    {
        var found = await LookUpAsync(key, subject, cancellationToken)
            ?? throw new TransientException(
                $"Create '{subject}' in {Location}: an answer was lost and the object was deleted since, so nobody knows who made it.");
        return found.Metadata[Mark] == mark;
    }

    // A server that ignores the condition would let a writer put its commit over another's.
    private async ValueTask EnsureConditionsAsync(CancellationToken cancellationToken)
    {
        if (_knowsConditions)
            return;
        await _probing.WaitAsync(cancellationToken);
        try
        {
            if (_knowsConditions)
                return;
            var key = _prefix + Probe;
            for (var attempt = 1; await CreateAsync(key, Probe, ReadOnlyMemory<byte>.Empty, cancellationToken); attempt++)
            {
                if (attempt == 2)
                {
                    throw new TerminalException(
                        $"The server of {Location} ignores 'If-None-Match: *': writers would overwrite each other's commits. "
                        + "It takes a server that honours the condition, as AWS, MinIO, Ceph and R2 do in newer versions.");
                }
            }

            _knowsConditions = true;
        }
        finally
        {
            _probing.Release();
        }
    }

    private ValueTask<GetObjectMetadataResponse?> LookUpAsync(string key, string subject, CancellationToken cancellationToken) =>
        _requests.SendAsync<GetObjectMetadataResponse?>(
            "Look up", subject,
            async token => await Client.GetObjectMetadataAsync(new GetObjectMetadataRequest { BucketName = _bucket, Key = key }, token),
            (failure, _, _) => ValueTask.FromResult(failure.Kind == S3FailureKind.NotFound ? Settled<GetObjectMetadataResponse?>.As(null) : default),
            cancellationToken);

    private async Task<byte[]> ReadAsync(GetObjectRequest request, CancellationToken token)
    {
        using var response = await Client.GetObjectAsync(request, token);
        var content = new byte[response.ContentLength];
        await response.ResponseStream.ReadExactlyAsync(content, token);
        return content;
    }
}
