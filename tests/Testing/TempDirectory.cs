namespace Pipeline.Testing;

/// <summary>A folder of its own for a test, deleted with all that is in it. Other users may pass through it, as a server started by root needs.</summary>
public sealed class TempDirectory : IDisposable
{
    /// <summary>Makes the folder.</summary>
    public TempDirectory()
    {
        FullPath = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"pipeline-tests-{Guid.NewGuid():N}");
        Directory.CreateDirectory(FullPath);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(FullPath, (UnixFileMode)Convert.ToInt32("755", 8));
    }

    /// <summary>The absolute path.</summary>
    public string FullPath { get; }

    /// <summary>The absolute path of something in it.</summary>
    public string Path(params string[] parts) => System.IO.Path.Combine([FullPath, .. parts]);

    /// <inheritdoc />
    public void Dispose()
    {
        if (Directory.Exists(FullPath))
            Directory.Delete(FullPath, recursive: true);
    }

    /// <inheritdoc />
    public override string ToString() => FullPath;
}
