using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Pipeline.Lake;

/// <summary>Opens the object store that a connection string names. Each kind of store is one case here and one adapter.</summary>
public static class ObjectStores
{
    private const string Name = $"ConnectionStrings:{LakeOptions.ConnectionStringName}";

    /// <summary>Opens a store.</summary>
    /// <param name="connectionString">
    /// A folder, also as a <c>file:</c> URI; <c>s3://bucket/prefix?endpoint=http://host:port&amp;...</c>; or <c>Endpoint=http://host:port;Bucket=...;...</c>.
    /// Names of settings are those of <see cref="S3Options"/>.
    /// </param>
    /// <param name="time">The clock.</param>
    /// <param name="options">Settings that the connection string does not hold; null takes their defaults.</param>
    /// <param name="logger">Gets retries and what the cache of remote files does.</param>
    /// <exception cref="TerminalException">It names none, or one of a kind that there is no adapter for, or a setting is wrong.</exception>
    public static IObjectStore Open(string? connectionString, TimeProvider time, LakeOptions? options = null, ILogger? logger = null)
    {
        options ??= new LakeOptions();
        if (Faults(connectionString, options) is { Count: > 0 } faults)
            throw new TerminalException(string.Join(" ", faults));
        if (S3ConnectionString.IsS3(connectionString!))
            return new S3ObjectStore(S3ConnectionString.Apply(connectionString!, options.S3).Options, time, logger ?? NullLogger.Instance);
        return connectionString!.StartsWith("file:", StringComparison.OrdinalIgnoreCase)
            ? new FolderObjectStore(new Uri(connectionString).LocalPath, time)
            : new FolderObjectStore(connectionString, time);
    }

    /// <summary>True where a connection string names a folder by its path.</summary>
    public static bool IsFolder(string connectionString)
    {
        ArgumentNullException.ThrowIfNull(connectionString);
        return !S3ConnectionString.IsS3(connectionString) && !connectionString.Contains("://", StringComparison.Ordinal)
            && !connectionString.StartsWith("file:", StringComparison.OrdinalIgnoreCase);
    }

    // Without the parts that may hold credentials.
    internal static IReadOnlyList<string> Faults(string? connectionString, LakeOptions options)
    {
        if (string.IsNullOrWhiteSpace(connectionString))
            return [$"{Name} is not set; it names the folder of the lake, or a bucket as s3://bucket/prefix."];
        if (S3ConnectionString.IsS3(connectionString))
        {
            var (s3, faults) = S3ConnectionString.Apply(connectionString, options.S3);
            return [.. faults, .. s3.Faults()];
        }

        if (connectionString.StartsWith("file:", StringComparison.OrdinalIgnoreCase))
            return Uri.TryCreate(connectionString, UriKind.Absolute, out _) ? [] : [$"{Name} is not a valid file: URI."];
        var scheme = connectionString.IndexOf("://", StringComparison.Ordinal);
        return scheme < 0
            ? []
            : [$"{Name} is of the kind '{connectionString[..scheme]}://', which this build has no adapter for; it takes a folder or s3://bucket/prefix."];
    }
}
