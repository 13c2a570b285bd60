using System.Diagnostics;
using System.Text;

namespace Pipeline.EventLog;

/// <summary>Carries traces through the log: the W3C trace context of an append travels as a header, and the span of a consumed batch links to it.</summary>
public static class LogTracing
{
    /// <summary>The name of the log's activity source and of its meter.</summary>
    public const string SourceName = LogTelemetry.Name;

    /// <summary>The header that holds the trace context, as in W3C Trace Context: <c>00-TRACE-SPAN-FLAGS</c>.</summary>
    public const string TraceParent = "traceparent";

    /// <summary>Of marked traces (<see cref="TraceMark"/>) there may be as many again.</summary>
    private const int MaxLinks = 32;
    private const int TraceParentLength = 55;

    /// <summary>
    /// The headers that make the consumer's span link to the current activity; empty where there is none that is recorded.
    /// Ask once a request: all its records may share them.
    /// </summary>
    public static ReadOnlyMemory<RecordHeader> CurrentHeaders()
    {
        if (Activity.Current is not { Recorded: true, IdFormat: ActivityIdFormat.W3C, Id: { } id } activity)
            return default;
        var parent = new RecordHeader(TraceParent, Encoding.ASCII.GetBytes(id));
        return TraceMark.IsIn(activity.TraceStateString) ? new[] { parent, new RecordHeader(TraceMark.Header, Encoding.ASCII.GetBytes(TraceMark.Entry)) } : new[] { parent };
    }

    /// <inheritdoc cref="StartConsumerActivity(IReadOnlyList{RecordBatch}, string?)"/>
    public static Activity? StartConsumerActivity(RecordBatch batch, string? group = null)
    {
        ArgumentNullException.ThrowIfNull(batch);
        if (!LogTelemetry.Source.HasListeners())
            return null;
        return StartConsumerActivity([batch], group)?
            .SetTag("messaging.destination.partition.id", batch.Partition)
            .SetTag("pipeline.eventlog.offset", batch.BaseOffset);
    }

    /// <summary>
    /// Starts the span of the processing of what was read, with links to the first traces (at most 32, and 32 marked ones) in its records. Dispose it when it is done.
    /// Null, at no cost, where nobody listens.
    /// </summary>
    /// <param name="batches">What was read of one topic; not empty.</param>
    /// <param name="group">The consumer group that processes it.</param>
    public static Activity? StartConsumerActivity(IReadOnlyList<RecordBatch> batches, string? group = null)
    {
        ArgumentNullException.ThrowIfNull(batches);
        if (!LogTelemetry.Source.HasListeners())
            return null;
        var links = new List<ActivityLink>();
        foreach (var batch in batches)
            AddLinks(links, batch, MaxLinks);
        var topic = batches[0].Topic;
        return LogTelemetry.Source.StartActivity($"{topic} process", ActivityKind.Consumer, default(ActivityContext), links: links)?
            .SetTag("messaging.system", "pipeline.eventlog")
            .SetTag("messaging.destination.name", topic)
            .SetTag("messaging.consumer.group.name", group)
            .SetTag("messaging.batch.message_count", batches.Sum(b => b.Count));
    }

    /// <summary>Adds links to the traces that the records of a batch come from: up to <paramref name="most"/>, and as many again to marked ones.</summary>
    public static void AddLinks(List<ActivityLink> links, RecordBatch batch, int most)
    {
        ArgumentNullException.ThrowIfNull(links);
        ArgumentNullException.ThrowIfNull(batch);
        var last = ReadOnlySpan<byte>.Empty;
        foreach (var record in batch)
        {
            if (links.Count >= 2 * most)
                return;

            // The records of one request are neighbours and have the same context.
            if (record.HeaderCount == 0 || !record.TryGetHeader("traceparent"u8, out var value) || value.Length != TraceParentLength || value.SequenceEqual(last))
                continue;
            last = value;
            var state = record.TryGetHeader("tracestate"u8, out var text) ? Encoding.ASCII.GetString(text) : null;
            if ((links.Count < most || TraceMark.IsIn(state)) && ActivityContext.TryParse(Encoding.ASCII.GetString(value), state, isRemote: true, out var context))
                TraceMark.AddLink(links, context, most);
        }
    }
}
