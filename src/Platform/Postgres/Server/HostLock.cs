using System.Globalization;

namespace Pipeline.Postgres.Server;

/// <summary>
/// One host per data directory: an exclusive lock on a file, which the system lifts when the host ends in whatever way. The file names the holder.
/// </summary>
internal sealed class HostLock : IDisposable
{
    private readonly FileStream _file;

    private HostLock(FileStream file) => _file = file;

    /// <exception cref="TerminalException">Another process holds it, or the folder cannot be written.</exception>
    public static HostLock Acquire(string path, string dataDirectory)
    {
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new TerminalException($"The data directory {dataDirectory} cannot be written by this user ({e.Message}): start as its owner or name another.", e);
        }
        catch (IOException e) when (File.Exists(path))
        {
            throw new TerminalException(
                $"The data directory {dataDirectory} is in use by another host{Holder(path)}: stop that one or name another data directory.", e);
        }

        file.SetLength(0);
        file.Write(System.Text.Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)));
        file.Flush();
        return new HostLock(file);
    }

    public void Dispose() => _file.Dispose();

    private static string Holder(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(file);
        return reader.ReadToEnd() is { Length: > 0 } pid ? $" (process {pid})" : "";
    }
}
