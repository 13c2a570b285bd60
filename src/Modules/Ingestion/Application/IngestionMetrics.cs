using System.Diagnostics.Metrics;
using Pipeline.Ingestion.Contracts;

namespace Pipeline.Ingestion.Application;

/// <summary>The meter of the module.</summary>
internal static class IngestionMetrics
{
    private static readonly Meter _meter = new("Pipeline.Ingestion");

    private static readonly Counter<long> _accepted = _meter.CreateCounter<long>("pipeline.ingestion.records.accepted", "{record}", "Records that are durable in the log, by topic.");

    private static readonly Counter<long> _rejected = _meter.CreateCounter<long>("pipeline.ingestion.requests.rejected", "{request}", "Requests that were refused, by reason.");

    private static readonly Histogram<int> _keys = _meter.CreateHistogram<int>(
        "pipeline.ingestion.idempotency.batch.size", "{key}", "Idempotency keys of one transaction, by operation.");

    /// <summary>A transaction reserved or completed so many keys.</summary>
    public static void KeysWritten(string operation, int keys)
    {
        if (_keys.Enabled)
            _keys.Record(keys, new KeyValuePair<string, object?>("operation", operation));
    }

    public static void Accepted(string topic, int records)
    {
        if (_accepted.Enabled)
            _accepted.Add(records, new KeyValuePair<string, object?>("topic", topic));
    }

    public static void Rejected(RejectionReason reason)
    {
        if (_rejected.Enabled)
            _rejected.Add(1, new KeyValuePair<string, object?>("reason", reason.ToString()));
    }
}
