namespace Pipeline.Observability.Domain;

/// <summary>The spans of a trace that are kept, in the order of their starts.</summary>
internal sealed record KeptTrace(UInt128 TraceId, IReadOnlyList<SpanRecord> Spans)
{
    /// <summary>The span that the trace is named after: the outermost one that is kept.</summary>
    public SpanRecord First => Spans.FirstOrDefault(s => !Spans.Any(p => p.Key.SpanId == s.ParentId)) ?? Spans[0];

    public DateTime StartedAt => Spans[0].StartedAt;

    public DateTime EndedAt => Spans.Max(s => s.EndedAt);

    public bool Failed => Spans.Any(s => s.Failed);

    /// <summary>Whether it is the work on many requests together, found by way of them.</summary>
    public bool IsBatch => First.Links.Length > 0;
}

/// <summary>Finds traces among spans that are kept.</summary>
internal static class TraceSearch
{
    /// <summary>The tag of the orders that a request brought.</summary>
    public const string OrderIdsTag = "pipeline.order.ids";

    /// <summary>The tag of the users whose events or orders a request brought.</summary>
    public const string UserIdsTag = "pipeline.user.ids";

    /// <summary>What separates the elements of a list in a tag's text.</summary>
    public const string ListSeparator = ", ";

    /// <summary>The traces that match, the newest first.</summary>
    public static IEnumerable<KeptTrace> Find(SpanRecord[] spans, string? orderId, string? userId, string? traceId, bool errors, int limit)
    {
        HashSet<UInt128>? wanted = null;
        if (orderId is not null)
            Restrict(s => Has(s, OrderIdsTag, orderId));
        if (userId is not null)
            Restrict(s => Has(s, UserIdsTag, userId));
        if (traceId is not null)
            Restrict(s => s.Key.TraceText.StartsWith(traceId, StringComparison.OrdinalIgnoreCase));
        if (errors)
            Restrict(s => s.Failed);
        return GroupByTrace(wanted is null ? spans : spans.Where(s => wanted.Contains(s.Key.TraceId)))
            .Where(t => !t.IsBatch || traceId is not null || t.Failed)
            .OrderByDescending(t => t.StartedAt)
            .Take(limit);

        void Restrict(Func<SpanRecord, bool> match)
        {
            var matching = spans.Where(match).Select(s => s.Key.TraceId).ToHashSet();
            if (wanted is null)
                wanted = matching;
            else
                wanted.IntersectWith(matching);
        }
    }

    public static IEnumerable<KeptTrace> GroupByTrace(IEnumerable<SpanRecord> spans) =>
        spans.GroupBy(s => s.Key.TraceId).Select(g => new KeptTrace(g.Key, [.. g.OrderBy(s => s.StartedAt).ThenByDescending(s => s.Duration)]));

    private static bool Has(SpanRecord span, string tag, string id)
    {
        foreach (var (name, value) in span.Tags)
        {
            if (name == tag && IsElement(value, id))
                return true;
        }

        return false;
    }

    /// <summary>Whether the text is one of a list's elements.</summary>
    private static bool IsElement(string list, string element)
    {
        for (var at = list.IndexOf(element, StringComparison.Ordinal); at >= 0; at = list.IndexOf(element, at + 1, StringComparison.Ordinal))
        {
            var end = at + element.Length;
            if ((at == 0 || EndsWithSeparator(list.AsSpan(0, at))) && (end == list.Length || list.AsSpan(end).StartsWith(ListSeparator)))
                return true;
        }

        return false;

        static bool EndsWithSeparator(ReadOnlySpan<char> text) => text.EndsWith(ListSeparator);
    }
}
