using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Pipeline.Lake;

/// <summary>The traces and meters of the lake. Both are named <c>Pipeline.Lake</c>.</summary>
public static class LakeTelemetry
{
    /// <summary>The name of the activity source and of the meter.</summary>
    public const string Name = "Pipeline.Lake";

    internal static readonly ActivitySource Source = new(Name);

    private static readonly Meter _meter = new(Name);

    private static readonly Counter<long> _commits = _meter.CreateCounter<long>("pipeline.lake.commits", "{commit}", "Commits to Delta tables");

    private static readonly Histogram<long> _commitBytes = _meter.CreateHistogram<long>("pipeline.lake.commit.size", "By", "Bytes of the data files that a commit added");

    private static readonly Histogram<int> _commitFiles = _meter.CreateHistogram<int>("pipeline.lake.commit.files", "{file}", "Data files that a commit added");

    internal static readonly Counter<long> Conflicts =
        _meter.CreateCounter<long>("pipeline.lake.conflicts", "{attempt}", "Commits that another writer was ahead of");

    internal static readonly Counter<long> Checkpoints = _meter.CreateCounter<long>("pipeline.lake.checkpoints", "{checkpoint}", "Checkpoints written");

    internal static readonly Counter<long> Retries =
        _meter.CreateCounter<long>("pipeline.lake.store.retries", "{attempt}", "Requests to a remote store that were tried again");

    internal static readonly Counter<long> CacheHits =
        _meter.CreateCounter<long>("pipeline.lake.cache.hits", "{file}", "Remote files that were there as a local copy");

    internal static readonly Counter<long> CacheMisses =
        _meter.CreateCounter<long>("pipeline.lake.cache.misses", "{file}", "Remote files that were fetched");

    internal static readonly Counter<long> CacheEvictions =
        _meter.CreateCounter<long>("pipeline.lake.cache.evictions", "{file}", "Local copies of remote files that were removed to make room");

    /// <summary>A commit was made.</summary>
    internal static void Committed(IReadOnlyList<ActionLine> actions)
    {
        _commits.Add(1);
        var (files, bytes) = (0, 0L);
        foreach (var action in actions)
        {
            if (action.Add is not { } file)
                continue;
            files++;
            bytes += file.Size;
        }

        _commitFiles.Record(files);
        _commitBytes.Record(bytes);
    }
}
