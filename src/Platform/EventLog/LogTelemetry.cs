using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Pipeline.EventLog;

/// <summary>The log's measurements and spans, both named <c>Pipeline.EventLog</c>.</summary>
internal static class LogTelemetry
{
    public const string Name = "Pipeline.EventLog";

    private static readonly Meter s_meter = new(Name);
    private static readonly Counter<long> s_appendedRecords = s_meter.CreateCounter<long>(
        "pipeline.eventlog.append.records", "{record}", "Records that became durable.");
    private static readonly Counter<long> s_appendedBytes = s_meter.CreateCounter<long>(
        "pipeline.eventlog.append.bytes", "By", "Bytes of records that became durable.");
    private static readonly Histogram<int> s_flushRecords = s_meter.CreateHistogram<int>(
        "pipeline.eventlog.flush.records", "{record}", "Records in one flush.");
    private static readonly Histogram<int> s_flushRows = s_meter.CreateHistogram<int>(
        "pipeline.eventlog.flush.rows", "{row}", "Stored rows in one flush.");
    private static readonly Histogram<double> s_flushDuration = s_meter.CreateHistogram<double>(
        "pipeline.eventlog.flush.duration", "s", "How long a flush took.");
    private static readonly Counter<long> s_readRecords = s_meter.CreateCounter<long>("pipeline.eventlog.read.records", "{record}", "Records read.");
    private static readonly Counter<long> s_readBytes = s_meter.CreateCounter<long>("pipeline.eventlog.read.bytes", "By", "Bytes of records read.");
    private static readonly KeyValuePair<string, object?> s_memory = new("source", "memory");
    private static readonly KeyValuePair<string, object?> s_store = new("source", "store");

    public static ActivitySource Source { get; } = new(Name);

    public static Counter<long> FlushFailures { get; } = s_meter.CreateCounter<long>(
        "pipeline.eventlog.flush.failures", "{flush}", "Flushes that failed.");

    public static Counter<long> Refused { get; } = s_meter.CreateCounter<long>(
        "pipeline.eventlog.append.refused", "{append}", "Appends refused because too much waited already.");

    public static void Flushed(int records, int bytes, int rows, TimeSpan duration)
    {
        s_appendedRecords.Add(records);
        s_appendedBytes.Add(bytes);
        s_flushRecords.Record(records);
        s_flushRows.Record(rows);
        s_flushDuration.Record(duration.TotalSeconds);
    }

    public static void Read(int records, int bytes, bool fromMemory)
    {
        var source = fromMemory ? s_memory : s_store;
        s_readRecords.Add(records, source);
        s_readBytes.Add(bytes, source);
    }
}
