using Microsoft.Extensions.Logging;

namespace Pipeline.Lake;

/// <summary>The log lines of the lake.</summary>
internal static partial class LakeLog
{
    [LoggerMessage(1, LogLevel.Debug, "Table {Table}: version {Version} was taken by another writer (attempt {Attempt})")]
    public static partial void CommitConflict(this ILogger logger, string table, long version, int attempt);

    [LoggerMessage(2, LogLevel.Debug, "Table {Table}: checkpoint of version {Version} with {Actions} actions")]
    public static partial void CheckpointWritten(this ILogger logger, string table, long version, long actions);

    [LoggerMessage(3, LogLevel.Warning, "Table {Table}: the checkpoint of version {Version} failed; a later one makes up for it")]
    public static partial void CheckpointFailed(this ILogger logger, Exception error, string table, long version);

    [LoggerMessage(4, LogLevel.Information, "Table {Table}: {Files} expired files of the log deleted")]
    public static partial void LogCleaned(this ILogger logger, string table, int files);

    [LoggerMessage(5, LogLevel.Information, "Table {Table}: compacted {Removed} files into {Added} at version {Version}")]
    public static partial void Compacted(this ILogger logger, string table, int removed, int added, long version);

    [LoggerMessage(7, LogLevel.Debug, "Table {Table}: a merge was made again on a newer version (attempt {Attempt})")]
    public static partial void MergeConflict(this ILogger logger, string table, int attempt);

    [LoggerMessage(6, LogLevel.Information, "Table {Table}: vacuum deleted {Files} files of {Bytes} bytes and {Staging} stale temporary files")]
    public static partial void Vacuumed(this ILogger logger, string table, int files, long bytes, int staging);

    [LoggerMessage(8, LogLevel.Warning, "{Operation} {Subject}: attempt {Attempt} failed, it is tried again: {Reason}")]
    public static partial void RequestRetried(this ILogger logger, string operation, string subject, int attempt, string reason);

    [LoggerMessage(9, LogLevel.Information, "The bucket of {Location} was made")]
    public static partial void BucketMade(this ILogger logger, string location);

    [LoggerMessage(10, LogLevel.Warning, "The upload of {Subject} failed and its parts could not be removed: upload {Upload}")]
    public static partial void UploadNotAborted(this ILogger logger, Exception error, string subject, string upload);

    [LoggerMessage(11, LogLevel.Warning, "No local copy of {Name} is kept; it is fetched when it is asked for")]
    public static partial void CopyNotKept(this ILogger logger, Exception error, string name);

    [LoggerMessage(12, LogLevel.Information, "Cache {Folder}: {Files} copies of {Freed} bytes removed, {Left} bytes left")]
    public static partial void CacheTrimmed(this ILogger logger, string folder, int files, long freed, long left);
}
