using System.Diagnostics;

namespace Pipeline;

/// <summary>
/// Marks the traces that the process keeps in memory, by an entry of W3C Trace Context's <c>tracestate</c>: children have it from their parents, and records of the log carry
/// it along. So the batches that such a request went into know that they are wanted too, whatever else listens.
/// </summary>
public static class TraceMark
{
    /// <summary>The entry.</summary>
    public const string Entry = "pipeline=1";

    /// <summary>The name of the header that carries the trace state.</summary>
    public const string Header = "tracestate";

    /// <summary>Whether the mark is in a trace state.</summary>
    public static bool IsIn(string? traceState) => traceState is not null && traceState.Contains(Entry, StringComparison.Ordinal);

    /// <summary>A trace state with the mark.</summary>
    public static string AddTo(string? traceState) => string.IsNullOrEmpty(traceState) ? Entry : IsIn(traceState) ? traceState : $"{Entry},{traceState}";

    /// <summary>Adds a link to a batch's, unless it is there or there are <paramref name="most"/>; of marked traces there may be as many again.</summary>
    public static void AddLink(List<ActivityLink> links, in ActivityContext context, int most)
    {
        ArgumentNullException.ThrowIfNull(links);
        if (links.Count >= 2 * most || (links.Count >= most && !IsIn(context.TraceState)))
            return;
        foreach (var link in links)
        {
            if (link.Context.SpanId == context.SpanId && link.Context.TraceId == context.TraceId)
                return;
        }

        links.Add(new ActivityLink(context));
    }
}
