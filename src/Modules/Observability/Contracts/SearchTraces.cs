using MediatR;

namespace Pipeline.Observability.Contracts;

/// <summary>
/// Asks for traces that this process keeps in memory, the newest first: requests and workflow runs. Batches (the log's flush, a landing, a refresh) are found by
/// <see cref="GetTrace"/> of a request in them; here they appear only where they failed or were asked for by their trace id.
/// </summary>
/// <param name="OrderId">Only traces of requests that brought this order; null for all.</param>
/// <param name="UserId">Only traces of requests that brought an event or an order of this user; null for all.</param>
/// <param name="TraceId">Only this trace: 32 hexadecimal digits, or the first of them; null for all.</param>
/// <param name="Errors">Only traces with a span that failed.</param>
/// <param name="Limit">The most traces, 1 to 1000.</param>
public sealed record SearchTraces(string? OrderId = null, string? UserId = null, string? TraceId = null, bool Errors = false, int Limit = 50)
    : IRequest<IReadOnlyList<TraceSummary>>;

/// <summary>A trace in a list.</summary>
/// <param name="TraceId">Its id, 32 hexadecimal digits.</param>
/// <param name="Name">The name of its first span, such as <c>POST /PurchasedItems</c>.</param>
/// <param name="StartedAt">When its first span started.</param>
/// <param name="DurationMilliseconds">From the start of its first span to the end of its last one.</param>
/// <param name="Error">Whether one of its spans failed.</param>
/// <param name="Spans">How many spans it has, those of joined traces not counted.</param>
public sealed record TraceSummary(string TraceId, string Name, DateTimeOffset StartedAt, double DurationMilliseconds, bool Error, int Spans);
