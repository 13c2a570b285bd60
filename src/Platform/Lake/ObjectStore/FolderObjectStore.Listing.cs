using System.IO.Enumeration;
using System.Runtime.CompilerServices;

namespace Pipeline.Lake;

internal sealed partial class FolderObjectStore
{
    private const int ListAttempts = 5;

    private static readonly EnumerationOptions _everything = new()
    {
        RecurseSubdirectories = true,
        AttributesToSkip = 0,
        IgnoreInaccessible = false,
        BufferSize = 64 * 1024,
    };

    public async IAsyncEnumerable<ObjectInfo> ListAsync(
        ObjectPath prefix, ObjectPath? startAfter = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await Task.CompletedTask;
        foreach (var info in ListSorted(prefix, startAfter, cancellationToken))
            yield return info;
    }

    public async IAsyncEnumerable<ObjectPath> ListPrefixesAsync(ObjectPath prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await Task.CompletedTask;
        cancellationToken.ThrowIfCancellationRequested();
        foreach (var path in ListFoldersSorted(prefix))
            yield return path;
    }

    private List<ObjectInfo> ListSorted(ObjectPath prefix, ObjectPath? startAfter, CancellationToken cancellationToken)
    {
        var folder = prefix.IsRoot ? _root : LocalPath(prefix);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var found = Directory.Exists(folder) ? Collect(folder, startAfter, cancellationToken) : [];
                found.Sort(static (a, b) => a.Path.CompareTo(b.Path));
                return found;
            }
            catch (DirectoryNotFoundException e)
            {
                // A folder went away while it was listed; half a listing would be wrong, so list again.
                if (attempt == ListAttempts)
                    throw new TransientException($"List '{prefix.Value}': folders vanish while they are listed.", e);
            }
            catch (Exception e) when (FolderErrors.Handles(e))
            {
                throw FolderErrors.From(e, "List", prefix.Value);
            }
        }
    }

    private List<ObjectInfo> Collect(string folder, ObjectPath? startAfter, CancellationToken cancellationToken)
    {
        var found = new List<ObjectInfo>();
        var after = startAfter?.Value;
        var entries = new FileSystemEnumerable<(string Path, long Size, DateTimeOffset Modified)>(
            folder,
            (ref FileSystemEntry e) => (e.ToFullPath(), e.Length, e.LastWriteTimeUtc),
            _everything)
        {
            // By the name first: size and time cost a call each, and of a long log only the end is wanted.
            ShouldIncludePredicate = (ref FileSystemEntry e) => !e.IsDirectory && (after is null || string.CompareOrdinal(Relative(e.ToFullPath()), after) > 0),
            ShouldRecursePredicate = (ref FileSystemEntry e) => !IsStaging(ref e),
        };
        foreach (var (local, size, modified) in entries)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (ObjectPath.TryParse(Relative(local), out var path))
                found.Add(new ObjectInfo(path, size, modified));
        }

        return found;
    }

    private List<ObjectPath> ListFoldersSorted(ObjectPath prefix)
    {
        var found = new List<ObjectPath>();
        var folder = prefix.IsRoot ? _root : LocalPath(prefix);
        try
        {
            if (!Directory.Exists(folder))
                return found;
            foreach (var directory in Directory.EnumerateDirectories(folder))
            {
                var name = Path.GetFileName(directory);
                if (!(prefix.IsRoot && name == Staging) && ObjectPath.TryParse(prefix.IsRoot ? name : $"{prefix.Value}/{name}", out var path))
                    found.Add(path);
            }
        }
        catch (Exception e) when (FolderErrors.Handles(e))
        {
            throw FolderErrors.From(e, "List", prefix.Value);
        }

        found.Sort();
        return found;
    }

    private string Relative(string local)
    {
        var relative = local[(_root.Length + 1)..];
        return Path.DirectorySeparatorChar == '/' ? relative : relative.Replace(Path.DirectorySeparatorChar, '/');
    }

    private bool IsStaging(ref FileSystemEntry entry) => entry.FileName.SequenceEqual(Staging) && entry.Directory.SequenceEqual(_root);
}
