using System.Diagnostics.Metrics;

namespace Pipeline.Events;

/// <summary>The meter of the module.</summary>
internal static class EventsMetrics
{
    private static readonly Meter _meter = new("Pipeline.Events");

    private static readonly Counter<long> _stored = _meter.CreateCounter<long>("pipeline.events.stored", "{event}", "Events that were stored.");

    private static readonly Histogram<double> _storeDuration =
        _meter.CreateHistogram<double>("pipeline.events.store.duration", "s", "Time from the start of parsing a batch to its commit.");

    private static readonly Counter<long> _counted =
        _meter.CreateCounter<long>("pipeline.events.aggregated", "{event}", "Stored events that were counted afterwards.");

    private static readonly Counter<long> _deadLetters =
        _meter.CreateCounter<long>("pipeline.events.dead_letters", "{record}", "Records that are no events.");

    private static readonly Counter<long> _fenced =
        _meter.CreateCounter<long>("pipeline.events.fenced", "{batch}", "Batches not stored since another worker was ahead.");

    private static readonly Counter<long> _retries =
        _meter.CreateCounter<long>("pipeline.events.retries", "{try}", "Tries that failed and are repeated, by operation.");

    public static void Stored(int events, TimeSpan duration)
    {
        _stored.Add(events);
        _storeDuration.Record(duration.TotalSeconds);
    }

    public static void Aggregated(long events) => _counted.Add(events);

    public static void DeadLettered(int records) => _deadLetters.Add(records);

    public static void Fenced() => _fenced.Add(1);

    public static void Retried(string operation)
    {
        if (_retries.Enabled)
            _retries.Add(1, new KeyValuePair<string, object?>("operation", operation));
    }
}
