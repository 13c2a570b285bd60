namespace Pipeline.Testing.Otlp;

/// <summary>A span as it was received. Ids are lower-case hex.</summary>
public sealed record OtlpSpan(
    string Service, string Source, string Name, string TraceId, string SpanId, string ParentId, ulong Start, ulong End, IReadOnlyList<OtlpLink> Links)
{
    /// <summary>True where one of the links points into the trace.</summary>
    public bool LinksTo(string traceId) => Links.Any(l => l.TraceId == traceId);
}

/// <summary>Where a link of a span points to.</summary>
public sealed record OtlpLink(string TraceId, string SpanId);

/// <summary>An export of a metric: of a sum the total of its whole numbers, which grows from export to export; 0 of other kinds.</summary>
public sealed record OtlpMetric(string Service, string Meter, string Name, long Sum);

/// <summary>A log record.</summary>
public sealed record OtlpLog(string Service, string Category, string Severity, string Body, string TraceId);
