using System.Diagnostics.Metrics;

namespace Pipeline.DeadLetters;

/// <summary>The meter of the module.</summary>
internal static class DeadLettersTelemetry
{
    private static readonly Meter _meter = new("Pipeline.DeadLetters");

    private static readonly Counter<long> _replayed = _meter.CreateCounter<long>("pipeline.dead_letters.replayed", "{record}", "Dead letters by what a replay came to.");

    public static void Replayed(int replayed, int notReplayed)
    {
        if (replayed > 0)
            _replayed.Add(replayed, new KeyValuePair<string, object?>("outcome", "replayed"));
        if (notReplayed > 0)
            _replayed.Add(notReplayed, new KeyValuePair<string, object?>("outcome", "not_replayed"));
    }
}
