using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Pipeline.Purchases.Application;

/// <summary>The module's spans and measurements, both named <c>Pipeline.Purchases</c>.</summary>
internal static class PurchasesTelemetry
{
    public const string Name = "Pipeline.Purchases";

    private static readonly Meter _meter = new(Name);
    private static readonly Counter<long> _rows = _meter.CreateCounter<long>(
        "pipeline.purchases.landed.rows", "{row}", "Orders that became visible in the table.");
    private static readonly Counter<long> _bytes = _meter.CreateCounter<long>(
        "pipeline.purchases.landed.bytes", "By", "Bytes of the records that were landed.");
    private static readonly Histogram<double> _duration = _meter.CreateHistogram<double>(
        "pipeline.purchases.landing.duration", "s", "How long a landing took, to its commit.");

    public static ActivitySource Source { get; } = new(Name);

    public static Counter<long> DeadLetters { get; } = _meter.CreateCounter<long>(
        "pipeline.purchases.dead_letters", "{record}", "Records that are not orders.");

    public static Counter<long> Fenced { get; } = _meter.CreateCounter<long>(
        "pipeline.purchases.fenced", "{landing}", "Landings dropped because another worker was first.");

    public static Counter<long> Failures { get; } = _meter.CreateCounter<long>(
        "pipeline.purchases.failures", "{landing}", "Landings that failed and are made again.");

    public static Counter<long> Gone { get; } = _meter.CreateCounter<long>(
        "pipeline.purchases.gone", "{record}", "Records that the log dropped before they were landed.");

    public static void Landed(long rows, long bytes, TimeSpan duration)
    {
        _rows.Add(rows);
        _bytes.Add(bytes);
        _duration.Record(duration.TotalSeconds);
    }

    /// <summary>Starts the span of a landing, linked to the requests that its orders came with.</summary>
    public static Activity? StartLanding(Landing landing)
    {
        if (!Source.HasListeners())
            return null;
        return Source.StartActivity("purchases land", ActivityKind.Consumer, default(ActivityContext), links: landing.Traces)?
            .SetTag("messaging.batch.message_count", landing.Records)
            .SetTag("pipeline.purchases.bytes", landing.Bytes);
    }
}
