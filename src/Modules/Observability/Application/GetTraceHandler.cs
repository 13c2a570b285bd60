using FluentValidation;
using MediatR;
using Pipeline.Observability.Contracts;
using Pipeline.Observability.Domain;

namespace Pipeline.Observability.Application;

internal sealed class GetTraceValidator : AbstractValidator<GetTrace>
{
    public GetTraceValidator() =>
        RuleFor(x => x.TraceId).Must(id => SpanKey.TryParseTrace(id, out _)).WithMessage("must be 32 hexadecimal digits").OverridePropertyName("id");
}

/// <summary>Answers <see cref="GetTrace"/>.</summary>
internal sealed class GetTraceHandler(SpanStore store) : IRequestHandler<GetTrace, TraceView?>
{
    public Task<TraceView?> Handle(GetTrace request, CancellationToken cancellationToken)
    {
        _ = SpanKey.TryParseTrace(request.TraceId, out var traceId);
        var (spans, truncated) = TraceWalk.Place(store.ToArray(), traceId);
        return Task.FromResult(spans.Count == 0 ? null : View(traceId, spans, truncated));
    }

    private static TraceView View(UInt128 traceId, IReadOnlyList<PlacedSpan> spans, bool truncated)
    {
        var zero = spans.Where(s => s.JoinedBy is null).Min(s => s.Span.StartedAt);
        var end = spans.Max(s => s.Span.EndedAt);
        return new TraceView(
            SpanKey.TextOf(traceId), spans[0].Span.Name, zero, (end - zero).TotalMilliseconds, spans.Any(s => s.Span.Failed), truncated, [.. spans.Select(s => View(s, zero))]);
    }

    private static TraceSpan View(PlacedSpan placed, DateTime zero)
    {
        var span = placed.Span;
        return new TraceSpan
        {
            SpanId = span.Key.SpanText,
            ParentId = placed.HasParent ? SpanKey.TextOf(span.ParentId) : null,
            TraceId = span.Key.TraceText,
            Name = span.Name,
            Source = span.Source,
            Kind = span.Kind,
            OffsetMilliseconds = (span.StartedAt - zero).TotalMilliseconds,
            DurationMilliseconds = span.Duration.TotalMilliseconds,
            Status = span.Status.ToString(),
            StatusMessage = span.StatusMessage,
            Tags = View(span.Tags),
            Events = [.. span.Events.Select(e => new TraceEvent(e.Name, (e.At - zero).TotalMilliseconds, View(e.Tags)))],
            Depth = placed.Depth,
            JoinedBy = placed.JoinedBy is { } link ? new TraceLink(link.TraceText, link.SpanText) : null,
        };
    }

    private static TraceTag[] View(KeyValuePair<string, string>[] tags) => [.. tags.Select(t => new TraceTag(t.Key, t.Value))];
}
