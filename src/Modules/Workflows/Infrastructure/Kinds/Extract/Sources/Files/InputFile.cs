namespace Pipeline.Workflows.Infrastructure.Kinds.Extract.Sources.Files;

/// <summary>A file to read.</summary>
/// <param name="Local">Where it is.</param>
/// <param name="Name">What people call it: its path, its URL, its place in an archive.</param>
internal sealed record InputFile(string Local, string Name)
{
    /// <summary>Whether it is compressed where it is.</summary>
    public bool IsGzip => Local.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);

    /// <summary>The extension without the one that tells of the compression, in small letters.</summary>
    public string Extension => Path.GetExtension(Name.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? Name[..^3] : Name).ToLowerInvariant();

    /// <summary>Opens it for reading from its beginning to its end, unpacked.</summary>
    public Stream Open()
    {
        try
        {
            var file = new FileStream(
                Local, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 16, FileOptions.SequentialScan | FileOptions.Asynchronous);
            return IsGzip ? new System.IO.Compression.GZipStream(file, System.IO.Compression.CompressionMode.Decompress) : file;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw InputFiles.Unreadable(Name, e);
        }
    }
}
