using System.Text.Json;

namespace Pipeline.Lake;

/// <summary>A version in the history of a table.</summary>
/// <param name="Version">The version.</param>
/// <param name="Timestamp">When it was committed.</param>
/// <param name="Operation">What was done, like <c>WRITE</c> or <c>OPTIMIZE</c>; null where the writer does not say.</param>
/// <param name="Parameters">How it was done, as text.</param>
/// <param name="Metrics">What came of it, as text.</param>
/// <param name="Engine">The program that did it; null where it does not say.</param>
public sealed record DeltaHistoryEntry(
    long Version,
    DateTimeOffset Timestamp,
    string? Operation,
    IReadOnlyDictionary<string, string> Parameters,
    IReadOnlyDictionary<string, string> Metrics,
    string? Engine);

public sealed partial class DeltaTable
{
    /// <summary>The newest versions, newest first. Ends where the log was cleaned up.</summary>
    /// <param name="limit">How many at most.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    public async ValueTask<IReadOnlyList<DeltaHistoryEntry>> HistoryAsync(int limit = 100, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        var latest = await SnapshotAsync(cancellationToken);
        var history = new List<DeltaHistoryEntry>();
        for (var version = latest.Version; version >= 0 && history.Count < limit; version--)
        {
            if (await _log.ReadCommitAsync(version, cancellationToken) is not { } commit)
                break;
            var info = commit.Info is { ValueKind: JsonValueKind.Object } given ? given : default;
            var timestamp = commit.Timestamp
                ?? (await _location.Store.HeadAsync(_log.Paths.Commit(version), cancellationToken))?.LastModified ?? DateTimeOffset.UnixEpoch;
            history.Add(new DeltaHistoryEntry(
                version, timestamp, Text(info, "operation"), Texts(info, "operationParameters"), Texts(info, "operationMetrics"), Text(info, "engineInfo")));
        }

        return history;
    }

    /// <summary>The table as it was at a time: the last version that was committed by then, by the times of the files of the log.</summary>
    /// <exception cref="TerminalException">The time is before the oldest version that can be read.</exception>
    public async ValueTask<DeltaSnapshot> SnapshotAsync(DateTimeOffset asOf, CancellationToken cancellationToken = default)
    {
        var files = await _log.ListAsync(0, cancellationToken);
        var oldest = files.Where(f => f.Kind == LogFileKind.Checkpoint).Select(f => f.Version).DefaultIfEmpty(long.MaxValue).Min();
        var readable = false;
        long? found = null;
        var latest = DateTimeOffset.MinValue;
        foreach (var commit in files.Where(f => f.Kind == LogFileKind.Commit))
        {
            readable |= commit.Version == 0 || commit.Version >= oldest;
            // A version is never older than the one before it, whatever the clocks of the store said.
            latest = commit.Info.LastModified > latest ? commit.Info.LastModified : latest;
            if (readable && latest <= asOf)
                found = commit.Version;
        }

        if (found is null)
            throw files.Count == 0 ? NoTable() : new TerminalException($"Delta table '{Path}' has no version as old as {asOf:O}.");
        return await SnapshotAsync(found.Value, cancellationToken);
    }

    private static string? Text(JsonElement info, string name) =>
        info.ValueKind == JsonValueKind.Object && info.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    private static Dictionary<string, string> Texts(JsonElement info, string name)
    {
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        if (info.ValueKind != JsonValueKind.Object || !info.TryGetProperty(name, out var values) || values.ValueKind != JsonValueKind.Object)
            return texts;
        foreach (var property in values.EnumerateObject())
            texts[property.Name] = property.Value.ValueKind == JsonValueKind.String ? property.Value.GetString()! : property.Value.GetRawText();
        return texts;
    }
}
