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

    internal static readonly Counter<long> Commits = _meter.CreateCounter<long>("pipeline.lake.commits", "{commit}", "Commits to Delta tables");

    internal static readonly Counter<long> Conflicts =
        _meter.CreateCounter<long>("pipeline.lake.conflicts", "{attempt}", "Commits that another writer was ahead of");

    internal static readonly Counter<long> Checkpoints = _meter.CreateCounter<long>("pipeline.lake.checkpoints", "{checkpoint}", "Checkpoints written");
}
