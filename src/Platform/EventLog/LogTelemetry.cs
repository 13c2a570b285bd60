using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Pipeline.EventLog;

/// <summary>The log's measurements and spans, both named <c>Pipeline.EventLog</c>.</summary>
internal static class LogTelemetry
{
    public const string Name = "Pipeline.EventLog";

    private static readonly Meter _meter = new(Name);
    private static readonly Counter<long> _appendedRecords = _meter.CreateCounter<long>(
        "pipeline.eventlog.append.records", "{record}", "Records that became durable.");
    private static readonly Counter<long> _appendedBytes = _meter.CreateCounter<long>(
        "pipeline.eventlog.append.bytes", "By", "Bytes of records that became durable.");
    private static readonly Histogram<int> _flushRecords = _meter.CreateHistogram<int>(
        "pipeline.eventlog.flush.records", "{record}", "Records in one flush.");
    private static readonly Histogram<int> _flushRows = _meter.CreateHistogram<int>(
        "pipeline.eventlog.flush.rows", "{row}", "Stored rows in one flush.");
    private static readonly Histogram<double> _flushDuration = _meter.CreateHistogram<double>(
        "pipeline.eventlog.flush.duration", "s", "How long a flush took.");
    private static readonly Counter<long> _readRecords = _meter.CreateCounter<long>("pipeline.eventlog.read.records", "{record}", "Records read.");
    private static readonly Counter<long> _readBytes = _meter.CreateCounter<long>("pipeline.eventlog.read.bytes", "By", "Bytes of records read.");
    private static readonly KeyValuePair<string, object?> _memory = new("source", "memory");
    private static readonly KeyValuePair<string, object?> _store = new("source", "store");

    public static ActivitySource Source { get; } = new(Name);

    public static Counter<long> FlushFailures { get; } = _meter.CreateCounter<long>(
        "pipeline.eventlog.flush.failures", "{flush}", "Flushes that failed.");

    public static Counter<long> Refused { get; } = _meter.CreateCounter<long>(
        "pipeline.eventlog.append.refused", "{append}", "Appends refused because too much waited already.");

    public static void Flushed(int records, int bytes, int rows, TimeSpan duration)
    {
        _appendedRecords.Add(records);
        _appendedBytes.Add(bytes);
        _flushRecords.Record(records);
        _flushRows.Record(rows);
        _flushDuration.Record(duration.TotalSeconds);
    }

    /// <summary>Records that a broker acknowledged in one go, the oldest after so long.</summary>
    public static void Delivered(int records, int bytes, TimeSpan oldest)
    {
        _appendedRecords.Add(records);
        _appendedBytes.Add(bytes);
        _flushRecords.Record(records);
        _flushDuration.Record(oldest.TotalSeconds);
    }

    public static void Read(int records, int bytes, bool fromMemory)
    {
        var source = fromMemory ? _memory : _store;
        _readRecords.Add(records, source);
        _readBytes.Add(bytes, source);
    }
}
