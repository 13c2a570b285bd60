using FluentValidation;
using MediatR;
using Pipeline.Observability.Contracts;
using Pipeline.Observability.Domain;

namespace Pipeline.Observability.Application;

internal sealed class SearchTracesValidator : AbstractValidator<SearchTraces>
{
    public SearchTracesValidator()
    {
        RuleFor(x => x.Limit).InclusiveBetween(1, 1000).WithMessage("must be from 1 to 1000").OverridePropertyName("limit");
        RuleFor(x => x.TraceId).Must(id => id is null || (id.Length is >= 1 and <= SpanKey.TraceDigits && id.All(char.IsAsciiHexDigit)))
            .WithMessage("must be 1 to 32 hexadecimal digits").OverridePropertyName("traceId");
    }
}

/// <summary>Answers <see cref="SearchTraces"/>.</summary>
internal sealed class SearchTracesHandler(SpanStore store) : IRequestHandler<SearchTraces, IReadOnlyList<TraceSummary>>
{
    public Task<IReadOnlyList<TraceSummary>> Handle(SearchTraces request, CancellationToken cancellationToken)
    {
        var found = TraceSearch.Find(store.ToArray(), request.OrderId, request.UserId, request.TraceId, request.Errors, request.Limit);
        return Task.FromResult<IReadOnlyList<TraceSummary>>([.. found.Select(Summarise)]);
    }

    private static TraceSummary Summarise(KeptTrace trace) => new(
        SpanKey.TextOf(trace.TraceId), trace.First.Name, trace.StartedAt, (trace.EndedAt - trace.StartedAt).TotalMilliseconds, trace.Failed, trace.Spans.Count);
}
