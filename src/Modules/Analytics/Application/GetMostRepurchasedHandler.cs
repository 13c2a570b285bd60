using FluentValidation;
using MediatR;
using Pipeline.Analytics.Contracts;

namespace Pipeline.Analytics.Application;

/// <summary>Answers <see cref="GetMostRepurchased"/>.</summary>
internal sealed class GetMostRepurchasedHandler(IRepeatPurchasesTable table) : IRequestHandler<GetMostRepurchased, Answer<RepurchasedProduct>>
{
    public Task<Answer<RepurchasedProduct>> Handle(GetMostRepurchased request, CancellationToken cancellationToken) =>
        table.GetMostRepurchasedAsync(request.Limit, cancellationToken);
}

internal sealed class GetMostRepurchasedValidator : AbstractValidator<GetMostRepurchased>
{
    public GetMostRepurchasedValidator() => RuleFor(q => q.Limit).AtMost(QueryParameter.MaxLimit).OverridePropertyName(QueryParameter.Limit);
}
