using System.Diagnostics;
using System.Diagnostics.Metrics;
using Pipeline.Analytics.Domain;

namespace Pipeline.Analytics;

/// <summary>The meter and the span source of the module.</summary>
internal static class AnalyticsMetrics
{
    public const string Name = "Pipeline.Analytics";

    public static readonly ActivitySource Source = new(Name);

    private static readonly Meter _meter = new(Name);

    private static readonly Histogram<double> _queries = _meter.CreateHistogram<double>(
        "pipeline.analytics.query.duration", "s", "Time that a question over the lake took, the wait for its turn included; by question and outcome.");

    private static readonly Counter<long> _cached = _meter.CreateCounter<long>(
        "pipeline.analytics.query.cached", "{answer}", "Answers that were known already, by question.");

    private static readonly Histogram<double> _refreshes = _meter.CreateHistogram<double>(
        "pipeline.analytics.refresh.duration", "s", "Time that a rewrite of repeat_purchases took.");

    private static readonly Counter<long> _rows = _meter.CreateCounter<long>(
        "pipeline.analytics.refresh.rows", "{row}", "Rows written to repeat_purchases.");

    private static readonly Counter<long> _failures = _meter.CreateCounter<long>(
        "pipeline.analytics.refresh.failed", "{refresh}", "Refreshes in the background that failed.");

    public static void Queried(string question, string outcome, TimeSpan elapsed)
    {
        if (_queries.Enabled)
            _queries.Record(elapsed.TotalSeconds, new("question", question), new("outcome", outcome));
    }

    public static void Cached(string question) => _cached.Add(1, new KeyValuePair<string, object?>("question", question));

    public static void Refreshed(RefreshState state, TimeSpan elapsed)
    {
        _refreshes.Record(elapsed.TotalSeconds);
        _rows.Add(state.Rows);
    }

    public static void RefreshFailed() => _failures.Add(1);
}
