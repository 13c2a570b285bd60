using System.Collections.Frozen;
using System.IO.Compression;
using System.Reflection;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;

namespace Pipeline.Console;

/// <summary>The console's scripts, styles and pictures, as they are embedded in its assembly. Their address changes with their content, so browsers keep them for good.</summary>
internal static class ConsoleFiles
{
    private const string Prefix = "files/";
    private const string Root = "/console-files";

    private static readonly FrozenDictionary<string, ConsoleFile> _files = Load();

    private static readonly string _version = VersionOf(_files);

    /// <summary>The address of a file.</summary>
    public static string Address(string name) => _files.ContainsKey(name)
        ? $"{Root}/{_version}/{name}"
        : throw new InvalidOperationException($"The console has no file {name}.");

    /// <summary>Maps the files.</summary>
    public static void Map(IEndpointRouteBuilder endpoints) =>
        endpoints.MapGet(Root + "/{version}/{name}", (HttpContext context, string name) => Send(context, name)).ExcludeFromDescription();

    private static IResult Send(HttpContext context, string name)
    {
        if (!_files.TryGetValue(name, out var file))
            return Results.NotFound();
        context.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
        context.Response.Headers.Vary = HeaderNames.AcceptEncoding;
        if (!context.Request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.OrdinalIgnoreCase))
            return Results.Bytes(file.Content, file.ContentType);
        context.Response.Headers.ContentEncoding = "gzip";
        return Results.Bytes(file.Compressed.Value, file.ContentType);
    }

    private static FrozenDictionary<string, ConsoleFile> Load()
    {
        var assembly = Assembly.GetExecutingAssembly();
        return assembly.GetManifestResourceNames().Where(n => n.StartsWith(Prefix, StringComparison.Ordinal))
            .ToFrozenDictionary(n => n[Prefix.Length..], n => ConsoleFile.Of(assembly, n), StringComparer.Ordinal);
    }

    private static string VersionOf(IReadOnlyDictionary<string, ConsoleFile> files)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (_, file) in files.OrderBy(f => f.Key, StringComparer.Ordinal))
            hash.AppendData(file.Content);
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..12];
    }

    private sealed record ConsoleFile(byte[] Content, string ContentType, Lazy<byte[]> Compressed)
    {
        public static ConsoleFile Of(Assembly assembly, string resource)
        {
            using var stream = assembly.GetManifestResourceStream(resource)!;
            var content = new byte[stream.Length];
            stream.ReadExactly(content);
            return new ConsoleFile(content, TypeOf(resource), new Lazy<byte[]>(() => Compress(content)));
        }

        private static string TypeOf(string name) => Path.GetExtension(name) switch
        {
            ".js" => "text/javascript",
            ".css" => "text/css",
            ".svg" => "image/svg+xml",
            _ => "application/octet-stream",
        };

        private static byte[] Compress(byte[] content)
        {
            using var compressed = new MemoryStream();
            using (var gzip = new GZipStream(compressed, CompressionLevel.Optimal))
                gzip.Write(content);
            return compressed.ToArray();
        }
    }
}
