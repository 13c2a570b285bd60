namespace Pipeline.Observability.Domain;

/// <summary>A span's place in a drawing of its trace.</summary>
/// <param name="Span">The span.</param>
/// <param name="Depth">How deep it lies.</param>
/// <param name="HasParent">Whether its parent is drawn too.</param>
/// <param name="JoinedBy">What the link that joined its trace points at; null in the trace itself.</param>
internal readonly record struct PlacedSpan(SpanRecord Span, int Depth, bool HasParent, SpanKey? JoinedBy);

/// <summary>
/// Follows a trace along the links that point at it: a batch's span links to the requests in it, so from a request one goes to the flush of the log and the landing,
/// from the landing to the refresh.
/// </summary>
internal static class TraceWalk
{
    /// <summary>The most spans of one drawing.</summary>
    public const int MaxSpans = 2_000;

    /// <summary>Request → landing → refresh are two hops; one more does no harm.</summary>
    private const int MaxHops = 4;

    /// <summary>Places the spans of a trace and of those joined to it; empty where none of the trace is kept.</summary>
    public static (IReadOnlyList<PlacedSpan> Spans, bool Truncated) Place(SpanRecord[] spans, UInt128 traceId)
    {
        var start = TraceSearch.GroupByTrace(spans.Where(s => s.Key.TraceId == traceId)).FirstOrDefault();
        var placed = new List<PlacedSpan>();
        if (start is null)
            return (placed, false);
        var depths = new Dictionary<SpanKey, int>();
        PlaceTrace(start, 0, null, placed, depths);

        var known = new HashSet<UInt128> { traceId };
        var front = new HashSet<UInt128> { traceId };
        for (var hop = 0; hop < MaxHops && front.Count > 0; hop++)
        {
            var joined = FindJoined(spans, known, front);
            front = [.. joined.Keys];
            known.UnionWith(front);
            var traces = TraceSearch.GroupByTrace(spans.Where(s => joined.ContainsKey(s.Key.TraceId))).OrderBy(t => t.StartedAt);
            foreach (var trace in traces)
            {
                if (placed.Count + trace.Spans.Count > MaxSpans)
                    return (placed, true);
                var link = joined[trace.TraceId];
                PlaceTrace(trace, depths.GetValueOrDefault(link) + 1, link, placed, depths);
            }
        }

        return (placed, false);
    }

    /// <summary>The traces with a link into the front, each with the first such link.</summary>
    private static Dictionary<UInt128, SpanKey> FindJoined(SpanRecord[] spans, HashSet<UInt128> known, HashSet<UInt128> front)
    {
        var joined = new Dictionary<UInt128, SpanKey>();
        foreach (var span in spans)
        {
            if (span.Links.Length == 0 || known.Contains(span.Key.TraceId))
                continue;
            foreach (var link in span.Links)
            {
                if (front.Contains(link.TraceId) && joined.TryAdd(span.Key.TraceId, link))
                    break;
            }
        }

        return joined;
    }

    private static void PlaceTrace(KeptTrace trace, int depth, SpanKey? joinedBy, List<PlacedSpan> placed, Dictionary<SpanKey, int> depths)
    {
        var ids = trace.Spans.Select(s => s.Key.SpanId).ToHashSet();
        var children = trace.Spans.Where(HasParent).ToLookup(s => s.ParentId);
        var pending = new Stack<(SpanRecord Span, int Depth)>();
        foreach (var root in trace.Spans.Where(s => !HasParent(s)).Reverse())
            pending.Push((root, depth));
        while (pending.TryPop(out var next))
        {
            if (!depths.TryAdd(next.Span.Key, next.Depth))
                continue;
            placed.Add(new PlacedSpan(next.Span, next.Depth, HasParent(next.Span), joinedBy));
            foreach (var child in children[next.Span.Key.SpanId].Reverse())
                pending.Push((child, next.Depth + 1));
        }

        bool HasParent(SpanRecord span) => span.ParentId != 0 && span.ParentId != span.Key.SpanId && ids.Contains(span.ParentId);
    }
}
