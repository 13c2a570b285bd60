using Microsoft.Extensions.Logging;

namespace Pipeline.Analytics.Infrastructure.Lake;

/// <summary>
/// A folder for what the engine spills, of this engine alone and removed with it. A lock file in it tells whether its process lives: what killed processes
/// left is removed by the next one that opens a folder beside it.
/// </summary>
internal sealed class SpillFolder : IDisposable
{
    private const string Prefix = "pipeline-analytics-";
    private const string LockName = "lock";

    private readonly ILogger _logger;
    private readonly FileStream _lock;

    private SpillFolder(string path, FileStream folderLock, ILogger logger)
    {
        FullPath = path;
        _lock = folderLock;
        _logger = logger;
    }

    public string FullPath { get; }

    public static SpillFolder Create(string parent, ILogger logger)
    {
        try
        {
            Directory.CreateDirectory(parent);
            foreach (var folder in Directory.EnumerateDirectories(parent, Prefix + "*"))
                RemoveIfDead(folder, logger);
            var path = Path.Combine(parent, Prefix + Guid.NewGuid().ToString("N"));
            Directory.CreateDirectory(path);
            return new SpillFolder(path, Lock(path, FileMode.Create), logger);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TransientException($"Make a folder to spill to under {parent}: {e.Message}", e);
        }
    }

    public void Dispose()
    {
        _lock.Dispose();
        Remove(FullPath, _logger);
    }

    private static void RemoveIfDead(string folder, ILogger logger)
    {
        try
        {
            Lock(folder, FileMode.Open).Dispose();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // In use, of another user, or being made at this moment.
            Log.SpillKept(logger, folder, e.Message);
            return;
        }

        Remove(folder, logger);
    }

    private static void Remove(string folder, ILogger logger)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Log.SpillKept(logger, folder, e.Message);
        }
    }

    private static FileStream Lock(string folder, FileMode mode) => new(Path.Combine(folder, LockName), mode, FileAccess.ReadWrite, FileShare.None, 1);
}
