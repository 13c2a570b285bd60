namespace Pipeline.Lake;

/// <summary>
/// How a lake on S3 is reached. Bound from the section <c>Lake:S3</c>; each setting may also stand in the connection string <c>lake</c>, which wins.
/// </summary>
public sealed class S3Options
{
    /// <summary>The configuration section.</summary>
    public const string Section = $"{LakeOptions.Section}:S3";

    /// <summary>A part of an upload in several parts has at least this size, by the protocol.</summary>
    private const long SmallestPart = 5L << 20;

    private const long LargestPart = 1L << 30;
    private const long SmallestCache = 1L << 20;

    /// <summary>The server's address, such as <c>http://127.0.0.1:9000</c>; null is AWS in <see cref="Region"/>.</summary>
    public string? Endpoint { get; set; }

    /// <summary>The region; null is <c>AWS_REGION</c>, and <c>us-east-1</c> for a server with an endpoint of its own.</summary>
    public string? Region { get; set; }

    /// <summary>The bucket.</summary>
    public string? Bucket { get; set; }

    /// <summary>What all keys begin with, without slashes at its ends; null or empty is the whole bucket.</summary>
    public string? Prefix { get; set; }

    /// <summary>True names the bucket in the path of requests, false in the host. Null is true with an endpoint, false on AWS.</summary>
    public bool? PathStyle { get; set; }

    /// <summary>The access key; null takes AWS's chain: environment, profile, web identity, container, instance.</summary>
    public string? AccessKey { get; set; }

    /// <summary>The secret key of <see cref="AccessKey"/>.</summary>
    public string? SecretKey { get; set; }

    /// <summary>The session token of temporary keys.</summary>
    public string? SessionToken { get; set; }

    /// <summary>True makes the bucket when it is missing.</summary>
    public bool CreateBucket { get; set; }

    /// <summary>
    /// Whether requests carry checksums and answers are checked where the protocol does not demand it. Null: only on AWS; older servers refuse them.
    /// </summary>
    public S3Checksums? Checksums { get; set; }

    /// <summary>True signs what is uploaded, false leaves that to TLS. Null signs without TLS only. R2 needs false.</summary>
    public bool? SignPayload { get; set; }

    /// <summary>Size of the parts in which larger objects go up and come down, in bytes: 5 MiB to 1 GiB.</summary>
    public long PartBytes { get; set; } = 16L << 20;

    /// <summary>Parts of one object that are on their way at the same time, 1 to 64.</summary>
    public int ParallelParts { get; set; } = 4;

    /// <summary>Connections to the server, 1 to 10,000.</summary>
    public int MaxConnections { get; set; } = 64;

    /// <summary>How long one try of a request may take with all that it moves, at most one part: 1 second to 1 hour.</summary>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How often a request is tried, 1 to 100. Pauses grow from about 50 ms to about 5 s and are random.</summary>
    public int MaxAttempts { get; set; } = 6;

    /// <summary>The folder of local copies; null is <c>pipeline/lake</c> in the user's folder for caches. Processes of one machine may share it.</summary>
    public string? CacheFolder { get; set; }

    /// <summary>Size of the local copies of this lake, in bytes: at least 1 MiB.</summary>
    public long CacheBytes { get; set; } = 10L << 30;

    /// <summary>
    /// How long a copy stays after a query asked for it, even if the cache is larger than its bound then: longer than a query waits between asking
    /// for its files and opening them. 1 minute to 1 day.
    /// </summary>
    public TimeSpan CacheKeep { get; set; } = TimeSpan.FromMinutes(30);

    internal bool IsAws => Endpoint is null;

    internal bool UsesPathStyle => PathStyle ?? !IsAws;

    internal S3Checksums UsedChecksums => Checksums ?? (IsAws ? S3Checksums.WhenSupported : S3Checksums.WhenRequired);

    internal bool SignsPayload => SignPayload ?? Endpoint?.StartsWith("http:", StringComparison.OrdinalIgnoreCase) == true;

    internal S3Options Copy() => (S3Options)MemberwiseClone();

    /// <summary>All faults of the values; empty where there is none. Secrets are not told.</summary>
    internal IEnumerable<string> Faults()
    {
        if (string.IsNullOrEmpty(Bucket))
            yield return $"{Section}:{nameof(Bucket)} is not set; it names the bucket of the lake.";
        else if (Bucket.AsSpan().ContainsAnyExcept(_bucketCharacters) || Bucket.Length is < 3 or > 255)
            yield return $"{Section}:{nameof(Bucket)} is '{Bucket}', which is not the name of a bucket.";
        if (!string.IsNullOrEmpty(Prefix) && !ObjectPath.TryParse(Prefix, out _))
            yield return $"{Section}:{nameof(Prefix)} is '{Prefix}'; it must be segments divided by '/', none of them empty.";
        if (Endpoint is not null && (!Uri.TryCreate(Endpoint, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.UserInfo.Length > 0
            || uri.PathAndQuery != "/"))
            yield return $"{Section}:{nameof(Endpoint)} must be an address such as http://127.0.0.1:9000, with nothing behind the port.";
        if (string.IsNullOrEmpty(AccessKey) != string.IsNullOrEmpty(SecretKey))
            yield return $"{Section}:{nameof(AccessKey)} and {Section}:{nameof(SecretKey)} are set together or not at all.";
        foreach (var fault in SizeFaults())
            yield return fault;
    }

    private IEnumerable<string> SizeFaults()
    {
        if (PartBytes is < SmallestPart or > LargestPart)
            yield return $"{Section}:{nameof(PartBytes)} is {PartBytes}; it must be {SmallestPart} to {LargestPart}.";
        if (ParallelParts is < 1 or > 64)
            yield return $"{Section}:{nameof(ParallelParts)} is {ParallelParts}; it must be 1 to 64.";
        if (MaxConnections is < 1 or > 10_000)
            yield return $"{Section}:{nameof(MaxConnections)} is {MaxConnections}; it must be 1 to 10000.";
        if (RequestTimeout < TimeSpan.FromSeconds(1) || RequestTimeout > TimeSpan.FromHours(1))
            yield return $"{Section}:{nameof(RequestTimeout)} is {RequestTimeout}; it must be 1 second to 1 hour.";
        if (MaxAttempts is < 1 or > 100)
            yield return $"{Section}:{nameof(MaxAttempts)} is {MaxAttempts}; it must be 1 to 100.";
        if (CacheBytes < SmallestCache)
            yield return $"{Section}:{nameof(CacheBytes)} is {CacheBytes}; it must be at least {SmallestCache}.";
        if (CacheKeep < TimeSpan.FromMinutes(1) || CacheKeep > TimeSpan.FromDays(1))
            yield return $"{Section}:{nameof(CacheKeep)} is {CacheKeep}; it must be 1 minute to 1 day.";
    }

    private static readonly System.Buffers.SearchValues<char> _bucketCharacters =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");
}

/// <summary>When requests and answers carry checksums beyond the signature.</summary>
public enum S3Checksums
{
    /// <summary>Where the protocol demands one.</summary>
    WhenRequired,

    /// <summary>Wherever the protocol knows one.</summary>
    WhenSupported,
}
