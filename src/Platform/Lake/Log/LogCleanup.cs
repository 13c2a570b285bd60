using Microsoft.Extensions.Logging;

namespace Pipeline.Lake;

/// <summary>Deletes commits and checkpoints that a later checkpoint covers and that are older than the table keeps its log ("Metadata Cleanup").</summary>
internal sealed class LogCleanup(TableLog log, TimeProvider time, ILogger logger)
{
    // Listing the log costs more the longer it is, and nothing is in a hurry here.
    private static readonly TimeSpan _pause = TimeSpan.FromHours(1);

    private DateTimeOffset _last = DateTimeOffset.MinValue;

    /// <summary>Cleans up, at most once an hour.</summary>
    public async ValueTask RunAsync(DeltaSnapshot snapshot, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (now - _last < _pause || !TableProperties.CleansUpLogs(snapshot.Metadata))
            return;
        _last = now;
        var expired = Expired(await log.ListAsync(0, cancellationToken), now - TableProperties.LogKept(snapshot.Metadata));
        if (expired.Count == 0)
            return;
        await log.Location.Store.DeleteAsync(expired, cancellationToken);
        logger.LogCleaned(log.Location.Path.Value, expired.Count);
    }

    // Kept are the newest commit that is not younger than the cut-off, the newest complete checkpoint not newer than it, and all after that one.
    internal static List<ObjectPath> Expired(IReadOnlyList<LogFile> files, DateTimeOffset cutOff)
    {
        var midnight = new DateTimeOffset(cutOff.UtcDateTime.Date, TimeSpan.Zero);
        var commit = files.Where(f => f.Kind == LogFileKind.Commit && f.Info.LastModified <= midnight).Select(f => f.Version).DefaultIfEmpty(-1).Max();
        var checkpoint = files
            .Where(f => f.Kind == LogFileKind.Checkpoint && f.Version <= commit)
            .GroupBy(f => (f.Version, f.Parts))
            .Where(g => g.Select(f => f.Part).Distinct().Count() == g.Key.Parts)
            .Select(g => g.Key.Version)
            .DefaultIfEmpty(-1)
            .Max();
        return [.. files.Where(f => f.Kind != LogFileKind.Other && f.Version < checkpoint).Select(f => f.Info.Path)];
    }
}
