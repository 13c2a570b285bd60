using Microsoft.Extensions.Options;
using Pipeline.Observability.Domain;

namespace Pipeline.Observability.Application;

/// <summary>The newest spans of this process.</summary>
internal sealed class SpanStore(IOptions<ObservabilityOptions> options)
{
    private readonly BoundedLog<SpanRecord> _spans = new(options.Value.TraceSpans, options.Value.TraceBytes);

    /// <summary>How many there are.</summary>
    public int Count => _spans.Count;

    /// <summary>The bytes that they take, as estimated.</summary>
    public long Bytes => _spans.Bytes;

    public void Add(SpanRecord span) => _spans.Add(span, span.EstimateBytes());

    public SpanRecord[] ToArray() => _spans.ToArray();
}
