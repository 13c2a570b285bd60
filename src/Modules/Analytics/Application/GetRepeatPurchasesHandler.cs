using FluentValidation;
using FluentValidation.Results;
using MediatR;
using Pipeline.Analytics.Contracts;
using Pipeline.Analytics.Domain;

namespace Pipeline.Analytics.Application;

/// <summary>Answers <see cref="GetRepeatPurchases"/>: asks for one row more than the page holds, which tells whether there is a next page.</summary>
internal sealed class GetRepeatPurchasesHandler(ILakeQuestions lake) : IRequestHandler<GetRepeatPurchases, Answer<RepeatPurchase>>
{
    public async Task<Answer<RepeatPurchase>> Handle(GetRepeatPurchases request, CancellationToken cancellationToken)
    {
        var after = request.After is null ? null : PageCursor.Parse(request.After);
        var answer = await AskAsync(request, after, cancellationToken);
        if (answer.Rows.Count <= request.Limit)
            return answer;
        var last = answer.Rows[request.Limit - 1];
        var next = new PageCursor(answer.LakeVersion!.Value, last.Orders, last.UserId, last.ProductId);
        return answer with { Rows = [.. answer.Rows.Take(request.Limit)], Next = next.ToString() };
    }

    private async Task<Answer<RepeatPurchase>> AskAsync(GetRepeatPurchases request, PageCursor? after, CancellationToken cancellationToken)
    {
        var question = new LakeQuestion(
            Questions.RepeatPurchases,
            new("limit", request.Limit + 1L),
            new("after_orders", after?.Orders),
            new("after_user", after?.UserId),
            new("after_product", after?.ProductId))
        {
            Version = after?.Version,
        };
        try
        {
            return await lake.AskAsync(question, row => new RepeatPurchase(row.Text(0), row.Text(1), row.Integer(2), row.Integer(3)), cancellationToken);
        }
        catch (VersionGoneException e)
        {
            throw new ValidationException([new ValidationFailure(QueryParameter.After, $"is too old, begin again: {e.Message}")]);
        }
    }
}

internal sealed class GetRepeatPurchasesValidator : AbstractValidator<GetRepeatPurchases>
{
    public GetRepeatPurchasesValidator()
    {
        RuleFor(q => q.Limit).AtMost(QueryParameter.MaxPage).OverridePropertyName(QueryParameter.Limit);
        RuleFor(q => q.After).Must(after => after is null || PageCursor.Parse(after) is not null)
            .WithMessage("must come from the Link header of the page before").OverridePropertyName(QueryParameter.After);
    }
}
