namespace Pipeline.Lake;

/// <summary>
/// The object store on a folder of a local or network file system. Put-if-absent is a fully written and synced temporary file that <c>link(2)</c>
/// gives its name, so it is atomic across processes; files and the folders that name them are synced before a call returns.
/// </summary>
/// <remarks>
/// Temporary files live in <c>.staging</c> at the root, on the same file system as all else. Windows has no fsync of folders: there the file
/// system's own journal keeps the names.
/// </remarks>
internal sealed partial class FolderObjectStore : IObjectStore
{
    private const string Staging = ".staging";

    private readonly string _root;
    private readonly string _staging;
    private readonly TimeProvider _time;

    /// <summary>Opens a folder; it is created by the first write.</summary>
    public FolderObjectStore(string root, TimeProvider? time = null)
    {
        _root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));
        _staging = Path.Combine(_root, Staging);
        _time = time ?? TimeProvider.System;
    }

    public string Location => _root;

    public string LocalFolder => _root;

    public async ValueTask<bool> PutIfAbsentAsync(ObjectPath path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        const string Operation = "Create";
        var target = LocalPath(path);
        if (File.Exists(target))
            return false;
        var temporary = await WriteStagedAsync(Operation, path, content, cancellationToken);
        try
        {
            if (!LinkUnlessTaken(temporary, target, Operation, path))
                return false;
            SyncDirectory(Path.GetDirectoryName(target)!, Operation, path);
            return true;
        }
        finally
        {
            StagedFiles.TryRemove(temporary);
        }
    }

    public async ValueTask PutAsync(ObjectPath path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        const string Operation = "Write";
        var temporary = await WriteStagedAsync(Operation, path, content, cancellationToken);
        MoveInto(temporary, LocalPath(path), Operation, path);
    }

    public async ValueTask UploadFileAsync(string localFile, ObjectPath path, CancellationToken cancellationToken = default)
    {
        const string Operation = "Upload";
        try
        {
            var source = Path.GetFullPath(localFile);
            if (source.StartsWith(_staging + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            {
                using (var handle = File.OpenHandle(source, FileMode.Open, FileAccess.ReadWrite))
                    RandomAccess.FlushToDisk(handle);
                MoveInto(source, LocalPath(path), Operation, path);
                return;
            }

            var temporary = NewStagingPath(Path.GetExtension(path.Name));
            EnsureDirectory(_staging);
            await using (var input = new FileStream(source, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan))
            await using (var output = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 0))
            {
                await input.CopyToAsync(output, 1 << 20, cancellationToken);
                output.Flush(flushToDisk: true);
            }

            MoveInto(temporary, LocalPath(path), Operation, path);
            File.Delete(source);
        }
        catch (Exception e) when (FolderErrors.Handles(e))
        {
            throw FolderErrors.From(e, Operation, path.Value);
        }
    }

    public ValueTask<Stream> OpenReadAsync(ObjectPath path, long offset = 0, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        FileStream? stream = null;
        try
        {
            stream = new FileStream(
                LocalPath(path), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 16, FileOptions.SequentialScan);
            stream.Position = offset;
            return ValueTask.FromResult<Stream>(stream);
        }
        catch (Exception e) when (FolderErrors.Handles(e))
        {
            stream?.Dispose();
            throw FolderErrors.From(e, "Read", path.Value);
        }
    }

    public async ValueTask<byte[]?> TryReadAllAsync(ObjectPath path, CancellationToken cancellationToken = default)
    {
        try
        {
            return await File.ReadAllBytesAsync(LocalPath(path), cancellationToken);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (FolderErrors.Handles(e))
        {
            throw FolderErrors.From(e, "Read", path.Value);
        }
    }

    public async ValueTask<byte[]> ReadRangeAsync(ObjectPath path, long offset, int length, CancellationToken cancellationToken = default)
    {
        try
        {
            using var handle = File.OpenHandle(LocalPath(path), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var buffer = new byte[Math.Clamp(RandomAccess.GetLength(handle) - offset, 0, length)];
            var read = 0;
            while (read < buffer.Length && await RandomAccess.ReadAsync(handle, buffer.AsMemory(read), offset + read, cancellationToken) is var n and > 0)
                read += n;
            return read == buffer.Length ? buffer : buffer[..read];
        }
        catch (Exception e) when (FolderErrors.Handles(e))
        {
            throw FolderErrors.From(e, "Read", path.Value);
        }
    }

    public ValueTask<ObjectInfo?> HeadAsync(ObjectPath path, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            var file = new FileInfo(LocalPath(path));
            return ValueTask.FromResult<ObjectInfo?>(file.Exists ? new ObjectInfo(path, file.Length, file.LastWriteTimeUtc) : null);
        }
        catch (Exception e) when (FolderErrors.Handles(e))
        {
            throw FolderErrors.From(e, "Look up", path.Value);
        }
    }

    public ValueTask DeleteAsync(IReadOnlyCollection<ObjectPath> paths, CancellationToken cancellationToken = default)
    {
        foreach (var path in paths)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                File.Delete(LocalPath(path));
            }
            catch (DirectoryNotFoundException)
            {
                // Not there is what the caller wants.
                continue;
            }
            catch (Exception e) when (FolderErrors.Handles(e))
            {
                throw FolderErrors.From(e, "Delete", path.Value);
            }
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask<string> GetLocalPathAsync(ObjectPath path, CancellationToken cancellationToken = default) => ValueTask.FromResult(LocalPath(path));

    public string NewStagingPath(string extension)
    {
        try
        {
            EnsureDirectory(_staging);
        }
        catch (Exception e) when (FolderErrors.Handles(e))
        {
            throw FolderErrors.From(e, "Create", _staging);
        }

        return Path.Combine(_staging, Guid.NewGuid().ToString("N") + extension);
    }

    public ValueTask<int> CleanStagingAsync(TimeSpan olderThan, bool dryRun, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(StagingFolder.Clean(_staging, _time.GetUtcNow() - olderThan, dryRun, cancellationToken));

    public ObjectPath? Resolve(string absolute)
    {
        var local = absolute;
        if (absolute.StartsWith("file:", StringComparison.OrdinalIgnoreCase))
        {
            if (FileUriPath(absolute["file:".Length..]) is not { } path)
                return null;
            local = path;
        }
        else if (!Path.IsPathFullyQualified(absolute))
        {
            return null;
        }

        local = Path.GetFullPath(local);
        return local.StartsWith(_root + Path.DirectorySeparatorChar, StringComparison.Ordinal)
            && ObjectPath.TryParse(local[(_root.Length + 1)..].Replace(Path.DirectorySeparatorChar, '/'), out var found)
            ? found
            : null;
    }

    // Of "/path", "///path" and "//localhost/path", which all are in use; null for another machine's.
    private static string? FileUriPath(string afterScheme)
    {
        if (afterScheme.StartsWith("//", StringComparison.Ordinal))
        {
            var slash = afterScheme.IndexOf('/', 2);
            if (slash < 0 || (slash > 2 && !afterScheme[2..slash].Equals("localhost", StringComparison.OrdinalIgnoreCase)))
                return null;
            afterScheme = afterScheme[slash..];
        }

        var path = Uri.UnescapeDataString(afterScheme);
        if (OperatingSystem.IsWindows())
            path = path.TrimStart('/');
        return Path.IsPathFullyQualified(path) ? path : null;
    }

    private static bool LinkUnlessTaken(string temporary, string target, string operation, ObjectPath path)
    {
        if (OperatingSystem.IsWindows())
            return MoveUnlessTaken(temporary, target, operation, path);

        var error = Posix.Link(temporary, target);
        if (error == Posix.NotFound)
        {
            EnsureDirectoryFor(target, operation, path);
            error = Posix.Link(temporary, target);
        }

        return error switch
        {
            0 => true,
            Posix.Exists => false,
            _ => throw FolderErrors.From(error, operation, path.Value),
        };
    }

    // MoveFileEx without the replace flag is atomic on Windows; on Unix File.Move checks first and may then replace.
    private static bool MoveUnlessTaken(string temporary, string target, string operation, ObjectPath path)
    {
        EnsureDirectoryFor(target, operation, path);
        try
        {
            File.Move(temporary, target, overwrite: false);
            return true;
        }
        catch (IOException) when (File.Exists(target))
        {
            return false;
        }
        catch (Exception e) when (FolderErrors.Handles(e))
        {
            throw FolderErrors.From(e, operation, path.Value);
        }
    }

    private static void MoveInto(string source, string target, string operation, ObjectPath path)
    {
        try
        {
            try
            {
                File.Move(source, target, overwrite: true);
            }
            catch (Exception e) when (e is DirectoryNotFoundException || (e is FileNotFoundException && File.Exists(source)))
            {
                // Where another writer makes the folder between the move and the look at what was missing, the file is said to be.
                EnsureDirectory(Path.GetDirectoryName(target)!);
                File.Move(source, target, overwrite: true);
            }

            SyncDirectory(Path.GetDirectoryName(target)!, operation, path);
        }
        catch (Exception e) when (FolderErrors.Handles(e))
        {
            throw FolderErrors.From(e, operation, path.Value);
        }
    }

    private static void EnsureDirectoryFor(string target, string operation, ObjectPath path)
    {
        try
        {
            EnsureDirectory(Path.GetDirectoryName(target)!);
        }
        catch (Exception e) when (FolderErrors.Handles(e))
        {
            throw FolderErrors.From(e, operation, path.Value);
        }
    }

    // Each new folder's name is made durable in its parent, else a crash could take a whole partition with it.
    private static void EnsureDirectory(string directory)
    {
        if (Directory.Exists(directory))
            return;
        var parent = Path.GetDirectoryName(directory);
        if (parent is not null)
            EnsureDirectory(parent);
        Directory.CreateDirectory(directory);
        if (parent is not null && !OperatingSystem.IsWindows())
            _ = Posix.SyncDirectory(parent);
    }

    private static void SyncDirectory(string directory, string operation, ObjectPath path)
    {
        if (OperatingSystem.IsWindows())
            return;
        var error = Posix.SyncDirectory(directory);
        if (error != 0)
            throw FolderErrors.From(error, $"{operation} (sync of the folder)", path.Value);
    }

    private async ValueTask<string> WriteStagedAsync(string operation, ObjectPath path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var temporary = NewStagingPath("");
        try
        {
            using var handle = File.OpenHandle(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None);
            await RandomAccess.WriteAsync(handle, content, 0, cancellationToken);
            RandomAccess.FlushToDisk(handle);
            return temporary;
        }
        catch (Exception e)
        {
            StagedFiles.TryRemove(temporary);
            if (FolderErrors.Handles(e))
                throw FolderErrors.From(e, operation, path.Value);
            throw;
        }
    }

    private string LocalPath(ObjectPath path)
    {
        if (path.IsRoot)
            throw new TerminalException("The root of an object store is not an object.");
        if (path.Value.StartsWith(Staging, StringComparison.Ordinal) && (path.Value.Length == Staging.Length || path.Value[Staging.Length] == '/'))
            throw new TerminalException($"'{path.Value}' is reserved for files in the making.");
        return Path.Combine(_root, Path.DirectorySeparatorChar == '/' ? path.Value : path.Value.Replace('/', Path.DirectorySeparatorChar));
    }
}
