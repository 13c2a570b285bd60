using System.Text;

namespace Pipeline.Postgres.Server;

/// <summary>Small files that are either the old or the new ones after a crash.</summary>
internal static class DurableFile
{
    /// <summary>Writes the whole file with that mode from its first byte on, and puts it in place of the old one.</summary>
    public static void Replace(string path, string text, UnixFileMode mode)
    {
        var staging = $"{path}.new";
        File.Delete(staging);
        Create(staging, text, mode);
        File.Move(staging, path, overwrite: true);
        Native.SyncDirectory(Path.GetDirectoryName(path)!);
    }

    /// <summary>Writes a file that does not exist yet.</summary>
    public static void Create(string path, string text, UnixFileMode mode)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None, UnixCreateMode = mode };
        using (var file = new FileStream(path, options))
        {
            file.Write(Encoding.UTF8.GetBytes(text));
            file.Flush(flushToDisk: true);
        }

        // The mask of the process may have taken bits away that others need.
        if (File.GetUnixFileMode(path) != mode)
            File.SetUnixFileMode(path, mode);
    }
}
