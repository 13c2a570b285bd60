namespace Pipeline.Lake;

/// <summary>
/// A flat store of immutable objects: a folder, or S3 and what speaks its protocol. What is put is durable and visible to every reader
/// when the call returns.
/// </summary>
/// <remarks>
/// Every adapter passes the conformance suite in <c>tests/Lake.Tests</c>. Errors: <see cref="ObjectNotFoundException"/> where an object is not there,
/// <see cref="TransientException"/> where a later try may succeed, else <see cref="TerminalException"/>.
/// </remarks>
public interface IObjectStore
{
    /// <summary>Where the store is, for messages and for absolute paths in logs; without secrets.</summary>
    string Location { get; }

    /// <summary>The absolute local folder that all paths of <see cref="GetLocalPathAsync"/> and <see cref="NewStagingPath"/> lie in.</summary>
    string LocalFolder { get; }

    /// <summary>
    /// Creates an object unless there is one of this path. Atomic across processes and machines: of many calls for one path exactly one
    /// returns true, and nobody sees a part of the content.
    /// </summary>
    /// <returns>True where this call created it; false where it was there.</returns>
    /// <exception cref="TransientException">Whether the object was created may be unknown then: the caller looks.</exception>
    ValueTask<bool> PutIfAbsentAsync(ObjectPath path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default);

    /// <summary>Creates or replaces an object; readers see the old content or the new one, whole.</summary>
    ValueTask PutAsync(ObjectPath path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default);

    /// <summary>
    /// Creates or replaces an object with the content of a local file and removes that file. One that was made under
    /// <see cref="NewStagingPath"/> is moved where the store can move.
    /// </summary>
    ValueTask UploadFileAsync(string localFile, ObjectPath path, CancellationToken cancellationToken = default);

    /// <summary>Opens an object for sequential reading from an offset on.</summary>
    ValueTask<Stream> OpenReadAsync(ObjectPath path, long offset = 0, CancellationToken cancellationToken = default);

    /// <summary>Reads a whole object into memory; null where there is none.</summary>
    ValueTask<byte[]?> TryReadAllAsync(ObjectPath path, CancellationToken cancellationToken = default);

    /// <summary>Reads a range; shorter where the object ends before.</summary>
    /// <param name="path">The object.</param>
    /// <param name="offset">The first byte, from 0.</param>
    /// <param name="length">How many bytes at most.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    ValueTask<byte[]> ReadRangeAsync(ObjectPath path, long offset, int length, CancellationToken cancellationToken = default);

    /// <summary>All objects below a prefix, at any depth, in lexical order of their paths.</summary>
    /// <param name="prefix">The folder-like prefix: whole segments. The root lists everything.</param>
    /// <param name="startAfter">Leaves out this path and all that sort before it.</param>
    /// <param name="cancellationToken">Cancels the listing.</param>
    IAsyncEnumerable<ObjectInfo> ListAsync(ObjectPath prefix, ObjectPath? startAfter = null, CancellationToken cancellationToken = default);

    /// <summary>The direct child prefixes ("folders") of a prefix, in lexical order, without reading what is deeper.</summary>
    IAsyncEnumerable<ObjectPath> ListPrefixesAsync(ObjectPath prefix, CancellationToken cancellationToken = default);

    /// <summary>Size and time of an object; null where there is none.</summary>
    ValueTask<ObjectInfo?> HeadAsync(ObjectPath path, CancellationToken cancellationToken = default);

    /// <summary>Deletes objects; those that are not there are passed over.</summary>
    ValueTask DeleteAsync(IReadOnlyCollection<ObjectPath> paths, CancellationToken cancellationToken = default);

    /// <summary>
    /// The path of a local file with the object's content, for engines that read files: the file itself of a folder, a cached copy of a remote
    /// store. Valid for as long as the object is not deleted and, of a copy, for at least <see cref="S3Options.CacheKeep"/> from now; only for objects
    /// that are not replaced while it is in use.
    /// </summary>
    ValueTask<string> GetLocalPathAsync(ObjectPath path, CancellationToken cancellationToken = default);

    /// <summary>
    /// An absolute local path that does not exist yet, for a file (or folder) to write and then <see cref="UploadFileAsync"/>. It is on the same
    /// file system as the store's content, so that a finished file is moved and not copied. Never listed; a crash leaves it to
    /// <see cref="CleanStagingAsync"/>.
    /// </summary>
    string NewStagingPath(string extension);

    /// <summary>Deletes what crashed writers left under staging paths, if it was last touched before the given age.</summary>
    /// <param name="olderThan">The age below which nothing is touched.</param>
    /// <param name="dryRun">True only counts.</param>
    /// <param name="cancellationToken">Cancels the work.</param>
    /// <returns>How many files and folders were (or would be) deleted.</returns>
    ValueTask<int> CleanStagingAsync(TimeSpan olderThan, bool dryRun, CancellationToken cancellationToken = default);

    /// <summary>The path within this store of an absolute URI or local path as other writers put them in logs; null where it lies elsewhere.</summary>
    ObjectPath? Resolve(string absolute);
}

/// <summary>An object as listed.</summary>
/// <param name="Path">Its path.</param>
/// <param name="Size">Its length in bytes.</param>
/// <param name="LastModified">When it was put, by the store's clock.</param>
public readonly record struct ObjectInfo(ObjectPath Path, long Size, DateTimeOffset LastModified);

/// <summary>An object that should be there is not.</summary>
public sealed class ObjectNotFoundException : TerminalException
{
    /// <summary>Creates the error.</summary>
    public ObjectNotFoundException(string message, Exception? innerException) : base(message, innerException)
    {
    }

    /// <summary>Creates the error without a cause.</summary>
    public ObjectNotFoundException(string message) : base(message)
    {
    }

    /// <summary>Creates the error without a message.</summary>
    public ObjectNotFoundException()
    {
    }
}
