using FluentValidation;
using MediatR;
using Pipeline.Analytics.Contracts;

namespace Pipeline.Analytics.Application;

/// <summary>Answers <see cref="GetTopProducts"/>.</summary>
internal sealed class GetTopProductsHandler(ILakeQuestions lake) : IRequestHandler<GetTopProducts, Answer<TopProduct>>
{
    public Task<Answer<TopProduct>> Handle(GetTopProducts request, CancellationToken cancellationToken) =>
        lake.AskAsync(
            new LakeQuestion(Questions.TopProducts, new LakeArgument("limit", (long)request.Limit)),
            row => new TopProduct(row.Text(0), row.Integer(1), row.Integer(2), row.Money(3)),
            cancellationToken);
}

internal sealed class GetTopProductsValidator : AbstractValidator<GetTopProducts>
{
    public GetTopProductsValidator() => RuleFor(q => q.Limit).AtMost(QueryParameter.MaxLimit).OverridePropertyName(QueryParameter.Limit);
}
