using MediatR;

namespace Pipeline.Observability.Contracts;

/// <summary>
/// Asks for all spans of a trace and of the traces that are joined to it by links: forward from a request to the log's flush, the counting, the landing with its
/// Delta commit, and the refresh.
/// </summary>
/// <param name="TraceId">The trace's id, 32 hexadecimal digits.</param>
public sealed record GetTrace(string TraceId) : IRequest<TraceView?>;

/// <summary>A trace, ready to be drawn as a waterfall.</summary>
/// <param name="TraceId">Its id.</param>
/// <param name="Name">The name of its first span.</param>
/// <param name="StartedAt">When its first span started: the zero of all offsets.</param>
/// <param name="DurationMilliseconds">To the end of the last span, joined ones included.</param>
/// <param name="Error">Whether a span failed, joined ones included.</param>
/// <param name="Truncated">True where there are more joined spans than are given.</param>
/// <param name="Spans">The spans in the order to draw them: parents before children, joined traces after what they are joined to.</param>
public sealed record TraceView(
    string TraceId, string Name, DateTimeOffset StartedAt, double DurationMilliseconds, bool Error, bool Truncated, IReadOnlyList<TraceSpan> Spans);

/// <summary>A span.</summary>
public sealed record TraceSpan
{
    /// <summary>Its id, 16 hexadecimal digits.</summary>
    public required string SpanId { get; init; }

    /// <summary>The span that it is part of; null where there is none, or it is not kept here (a client's).</summary>
    public string? ParentId { get; init; }

    /// <summary>The trace that it is in.</summary>
    public required string TraceId { get; init; }

    /// <summary>What is done, such as <c>log flush</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The source of the span, such as <c>Pipeline.EventLog</c>.</summary>
    public required string Source { get; init; }

    /// <summary>Internal, Server, Client, Producer or Consumer.</summary>
    public required string Kind { get; init; }

    /// <summary>Milliseconds from the start of the trace asked for.</summary>
    public double OffsetMilliseconds { get; init; }

    /// <summary>How long it took.</summary>
    public double DurationMilliseconds { get; init; }

    /// <summary>Unset, Ok or Error.</summary>
    public required string Status { get; init; }

    /// <summary>What went wrong.</summary>
    public string? StatusMessage { get; init; }

    /// <summary>Its tags.</summary>
    public required IReadOnlyList<TraceTag> Tags { get; init; }

    /// <summary>What happened within it, such as exceptions.</summary>
    public required IReadOnlyList<TraceEvent> Events { get; init; }

    /// <summary>How deep it lies: 0 for the first span; a joined trace lies one below what it is joined to.</summary>
    public int Depth { get; init; }

    /// <summary>The link that joined its trace; null in the trace asked for.</summary>
    public TraceLink? JoinedBy { get; init; }
}

/// <summary>A tag.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its value; elements of a list are separated by a comma and a blank.</param>
public sealed record TraceTag(string Name, string Value);

/// <summary>Something that happened within a span.</summary>
/// <param name="Name">Its name.</param>
/// <param name="OffsetMilliseconds">Milliseconds from the start of the trace asked for.</param>
/// <param name="Tags">Its tags.</param>
public sealed record TraceEvent(string Name, double OffsetMilliseconds, IReadOnlyList<TraceTag> Tags);

/// <summary>What a batch's span points at: one of the spans whose work it does.</summary>
/// <param name="TraceId">The trace.</param>
/// <param name="SpanId">The span.</param>
public sealed record TraceLink(string TraceId, string SpanId);
