using System.Globalization;

namespace Pipeline.Postgres.Server;

/// <summary>
/// One host per data directory: an exclusive lock on a file, which the system lifts when the host ends in whatever way. A second file names the holder
/// (the locked one itself cannot be read meanwhile).
/// </summary>
internal sealed class HostLock : IDisposable
{
    /// <summary>A process that was killed a moment ago, or a child of it that is about to become another program, holds the lock until the system has done with it.</summary>
    private static readonly TimeSpan _afterlife = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(20);

    private readonly FileStream _file;

    private HostLock(FileStream file) => _file = file;

    /// <exception cref="TerminalException">Another process holds it, or the folder cannot be written.</exception>
    public static async Task<HostLock> AcquireAsync(string hostDirectory, string dataDirectory, TimeProvider time, CancellationToken cancellationToken)
    {
        var holder = Path.Combine(hostDirectory, "host.pid");
        var file = await LockAsync(Path.Combine(hostDirectory, "host.lock"), holder, dataDirectory, time, cancellationToken);
        try
        {
            await File.WriteAllTextAsync(holder, Environment.ProcessId.ToString(CultureInfo.InvariantCulture), cancellationToken);
            return new HostLock(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public void Dispose() => _file.Dispose();

    private static async Task<FileStream> LockAsync(string path, string holder, string dataDirectory, TimeProvider time, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
            }
            catch (UnauthorizedAccessException e)
            {
                throw new TerminalException(
                    $"The data directory {dataDirectory} cannot be written by this user ({e.Message}): start as its owner or name another.", e);
            }
            catch (IOException e) when (File.Exists(path))
            {
                var text = File.Exists(holder) ? await File.ReadAllTextAsync(holder, cancellationToken) : "";
                if (IsAlive(text) || time.GetElapsedTime(started) > _afterlife)
                {
                    var name = text.Length > 0 ? $" (process {text})" : "";
                    throw new TerminalException(
                        $"The data directory {dataDirectory} is in use by another host{name}: stop that one or name another data directory.", e);
                }
            }

            await Task.Delay(_pause, time, cancellationToken);
        }
    }

    private static bool IsAlive(string processId) => int.TryParse(processId, NumberStyles.None, CultureInfo.InvariantCulture, out var id) && Native.Exists(id);
}
