using System.Globalization;

namespace Pipeline.Postgres.Server;

/// <summary>
/// One host per data directory: an exclusive lock on a file, which the system lifts when the host ends in whatever way. A second file names the holder
/// (the locked one itself cannot be read meanwhile).
/// </summary>
internal sealed class HostLock : IDisposable
{
    private readonly FileStream _file;

    private HostLock(FileStream file) => _file = file;

    /// <exception cref="TerminalException">Another process holds it, or the folder cannot be written.</exception>
    public static HostLock Acquire(string hostDirectory, string dataDirectory)
    {
        var path = Path.Combine(hostDirectory, "host.lock");
        var holder = Path.Combine(hostDirectory, "host.pid");
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new TerminalException(
                $"The data directory {dataDirectory} cannot be written by this user ({e.Message}): start as its owner or name another.", e);
        }
        catch (IOException e) when (File.Exists(path))
        {
            var name = File.Exists(holder) ? $" (process {File.ReadAllText(holder)})" : "";
            throw new TerminalException(
                $"The data directory {dataDirectory} is in use by another host{name}: stop that one or name another data directory.", e);
        }

        try
        {
            File.WriteAllText(holder, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
            return new HostLock(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public void Dispose() => _file.Dispose();
}
