using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Pipeline.Lake;

/// <summary>
/// Whole copies of remote objects in a folder, for engines that read files. Any number of processes may use one folder: a copy gets its name by a rename
/// when it is complete, the name holds its size, and the time of last use is the file's own.
/// </summary>
/// <remarks>
/// A file that a query has open stays readable when it is removed. What a query was told and has not opened yet is protected by the time of use: a copy
/// stays for <see cref="S3Options.CacheKeep"/> after it was asked for. What this process only put there in passing is not protected.
/// </remarks>
internal sealed class LocalCache
{
    private const int HashLength = 32;
    private const int LongestName = 100;

    // After a look the cache is let grow by this share of its bound before it is looked at again: processes that share it add to it too.
    private const int LooksPerBound = 16;

    private static readonly TimeSpan _touchEvery = TimeSpan.FromMinutes(1);

    private readonly string _files;
    private readonly long _maxBytes;
    private readonly TimeSpan _keep;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ConcurrentDictionary<string, Entry> _known = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Lazy<Task<string>>> _fetches = new(StringComparer.Ordinal);
    private readonly Lock _trimming = new();
    private long _unseen;

    public LocalCache(string folder, long maxBytes, TimeSpan keep, TimeProvider time, ILogger logger)
    {
        Folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        Staging = Path.Combine(Folder, ".staging");
        _files = Path.Combine(Folder, "files");
        _maxBytes = maxBytes;
        _keep = keep;
        _time = time;
        _logger = logger;

        // What earlier processes left counts from the first file on.
        _unseen = maxBytes;
    }

    /// <summary>The folder of copies and of files in the making.</summary>
    public string Folder { get; }

    /// <summary>The folder of files in the making.</summary>
    public string Staging { get; }

    /// <summary>A path for a file in the making; its folder is there.</summary>
    public string NewStagingPath(string extension)
    {
        try
        {
            EnsurePrivate(Staging);
        }
        catch (Exception e) when (FolderErrors.Handles(e))
        {
            throw FolderErrors.From(e, "Create", Staging);
        }

        return Path.Combine(Staging, Guid.NewGuid().ToString("N") + extension);
    }

    /// <summary>The copy of an object; it is protected from now on. Fetched where it is not there, once for all that ask at the same time.</summary>
    /// <param name="identity">What tells the object's content apart: its path, and its version where it may be replaced.</param>
    /// <param name="name">The object's name; the copy's ends with it.</param>
    /// <param name="fetch">Writes the object to a new file and returns its identity, should it have become another.</param>
    /// <param name="cancellationToken">Ends the waiting; a fetch that was begun goes on for others.</param>
    public async ValueTask<string> GetAsync(string identity, string name, Func<string, Task<string>> fetch, CancellationToken cancellationToken)
    {
        var hash = Hash(identity);
        if (Find(hash) is { } found)
        {
            LakeTelemetry.CacheHits.Add(1);
            return found;
        }

        var fetching = _fetches.GetOrAdd(hash, h => new Lazy<Task<string>>(() => Task.Run(() => FetchAsync(h, identity, name, fetch), CancellationToken.None)));
        return await fetching.Value.WaitAsync(cancellationToken);
    }

    /// <summary>Takes a complete file as the copy of an object, by a move; else removes it.</summary>
    public void Place(string identity, string name, string file)
    {
        try
        {
            var size = new FileInfo(file).Length;
            if (size > _maxBytes / 2)
            {
                File.Delete(file);
                return;
            }

            // As if it was last used long ago: nobody was told of it, so it needs no protection.
            Move(Hash(identity), name, file, size, _time.GetUtcNow() - _keep);
        }
        catch (Exception e) when (FolderErrors.Handles(e))
        {
            // The object is safe where it belongs; it is fetched when it is asked for.
            _logger.CopyNotKept(e, name);
            StagedFiles.TryRemove(file);
        }
    }

    /// <summary>Removes the copy of an object that was deleted.</summary>
    public void Remove(string identity)
    {
        var hash = Hash(identity);
        if (_known.TryRemove(hash, out var entry))
            StagedFiles.TryRemove(entry.File);
    }

    /// <summary>Removes the copies that were used longest ago until the cache fits its bound with a tenth to spare, except protected ones.</summary>
    public void Trim()
    {
        lock (_trimming)
        {
            Interlocked.Exchange(ref _unseen, 0);
            if (!Directory.Exists(_files))
                return;
            var copies = new DirectoryInfo(_files).EnumerateFiles("*", SearchOption.AllDirectories)
                .Select(f => (f.FullName, f.Length, Used: f.LastWriteTimeUtc)).ToList();
            var total = copies.Sum(c => c.Length);
            if (total <= _maxBytes)
                return;
            var limit = _time.GetUtcNow().UtcDateTime - _keep;
            var (freed, count) = (0L, 0);
            foreach (var (file, length, used) in copies.OrderBy(c => c.Used))
            {
                if (total - freed <= _maxBytes - (_maxBytes / 10) || used > limit)
                    break;
                if (!TryEvict(file, limit))
                    continue;
                freed += length;
                count++;
            }

            LakeTelemetry.CacheEvictions.Add(count);
            _logger.CacheTrimmed(Folder, count, freed, total - freed);
        }
    }

    private static string Hash(string identity) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(identity)))[..HashLength];

    private async Task<string> FetchAsync(string hash, string identity, string name, Func<string, Task<string>> fetch)
    {
        var asked = hash;
        try
        {
            // Another may have fetched it between the look and now.
            if (Find(hash) is { } found)
                return found;
            LakeTelemetry.CacheMisses.Add(1);
            var staged = NewStagingPath("");
            try
            {
                var fetched = await fetch(staged);
                var now = _time.GetUtcNow();
                hash = fetched == identity ? hash : Hash(fetched);
                return (_known[hash] = new Entry(Move(hash, name, staged, new FileInfo(staged).Length, now), now)).File;
            }
            catch (Exception e)
            {
                StagedFiles.TryRemove(staged);
                if (FolderErrors.Handles(e))
                    throw FolderErrors.From(e, "Keep a local copy of", name);
                throw;
            }
        }
        finally
        {
            _fetches.TryRemove(asked, out _);
        }
    }

    private string? Find(string hash)
    {
        var now = _time.GetUtcNow();
        if (_known.TryGetValue(hash, out var entry))
        {
            if (now - entry.Touched < _touchEvery && File.Exists(entry.File))
                return entry.File;
            _known.TryRemove(hash, out _);
        }

        try
        {
            var folder = FolderOf(hash);
            if (!Directory.Exists(folder))
                return null;
            foreach (var file in Directory.EnumerateFiles(folder, hash + "-*"))
            {
                File.SetLastWriteTimeUtc(file, now.UtcDateTime);

                // A loss of power may have cut it short.
                if (new FileInfo(file) is not { Exists: true } info || info.Length != SizeOf(file))
                    continue;
                _known[hash] = new Entry(file, now);
                return file;
            }
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            // Another process removed it between the listing and the touch.
            return null;
        }
        catch (Exception e) when (FolderErrors.Handles(e))
        {
            throw FolderErrors.From(e, "Look into the local cache", Folder);
        }

        return null;
    }

    private string Move(string hash, string name, string staged, long size, DateTimeOffset used)
    {
        var file = Path.Combine(FolderOf(hash), string.Create(CultureInfo.InvariantCulture, $"{hash}-{size}-{SafeName(name)}"));
        EnsurePrivate(Path.GetDirectoryName(file)!);
        File.SetLastWriteTimeUtc(staged, used.UtcDateTime);
        File.Move(staged, file, overwrite: true);
        if (Interlocked.Add(ref _unseen, size) > _maxBytes / LooksPerBound)
            Trim();
        return file;
    }

    // Away first and then looked at again: what was asked for meanwhile goes back.
    private bool TryEvict(string file, DateTime limit)
    {
        var aside = Path.Combine(Staging, Guid.NewGuid().ToString("N"));
        try
        {
            EnsurePrivate(Staging);
            File.Move(file, aside);
            if (File.GetLastWriteTimeUtc(aside) > limit)
            {
                File.Move(aside, file, overwrite: true);
                return false;
            }

            File.Delete(aside);
            return true;
        }
        catch (Exception e) when (FolderErrors.Handles(e))
        {
            // Another process removes it too, or it is open where open files cannot be moved.
            return false;
        }
    }

    // Lakes may hold what other users of the machine must not see.
    private static void EnsurePrivate(string folder)
    {
        if (Directory.Exists(folder))
            return;
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(folder);
        else
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private static long SizeOf(string file)
    {
        var name = Path.GetFileName(file.AsSpan())[(HashLength + 1)..];
        return name.IndexOf('-') is var end and > 0 && long.TryParse(name[..end], NumberStyles.None, CultureInfo.InvariantCulture, out var size) ? size : -1;
    }

    // The end of the name, with what tells engines the format.
    private static string SafeName(string name)
    {
        var safe = string.Create(name.Length, name, static (span, from) =>
        {
            for (var i = 0; i < span.Length; i++)
                span[i] = char.IsAsciiLetterOrDigit(from[i]) || from[i] is '.' or '-' or '_' ? from[i] : '_';
        });
        return safe.Length <= LongestName ? safe : safe[^LongestName..];
    }

    private string FolderOf(string hash) => Path.Combine(_files, hash[..2]);

    private readonly record struct Entry(string File, DateTimeOffset Touched);
}
