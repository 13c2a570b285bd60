using FluentValidation;
using MediatR;
using Pipeline.Analytics.Contracts;

namespace Pipeline.Analytics.Application;

/// <summary>Answers <see cref="GetTopCustomers"/>.</summary>
internal sealed class GetTopCustomersHandler(ILakeQuestions lake, TimeProvider time) : IRequestHandler<GetTopCustomers, Answer<TopCustomer>>
{
    public Task<Answer<TopCustomer>> Handle(GetTopCustomers request, CancellationToken cancellationToken)
    {
        var until = request.Until ?? NextSecond(time.GetUtcNow());
        var from = until.AddHours(-request.Hours);
        return lake.AskAsync(
            new LakeQuestion(Questions.TopCustomers, new("from", from), new("until", until), new("limit", (long)request.Limit)) { Window = (from, until) },
            row => new TopCustomer(row.Text(0), row.Money(1), row.Text(2), row.Integer(3), row.Money(4)),
            cancellationToken);
    }

    // Rounded up, so that all who ask within a second share one answer and no order of the second is missed.
    private static DateTimeOffset NextSecond(DateTimeOffset now) =>
        new((now.UtcTicks + TimeSpan.TicksPerSecond - 1) / TimeSpan.TicksPerSecond * TimeSpan.TicksPerSecond, TimeSpan.Zero);
}

internal sealed class GetTopCustomersValidator : AbstractValidator<GetTopCustomers>
{
    private static readonly DateTimeOffset _earliest = DateTimeOffset.MinValue.AddHours(QueryParameter.MaxHours);

    public GetTopCustomersValidator()
    {
        RuleFor(q => q.Hours).AtMost(QueryParameter.MaxHours).OverridePropertyName(QueryParameter.Hours);
        RuleFor(q => q.Limit).AtMost(QueryParameter.MaxLimit).OverridePropertyName(QueryParameter.Limit);
        RuleFor(q => q.Until).Must(until => until is null || until >= _earliest).WithMessage("must be later").OverridePropertyName(QueryParameter.Until);
    }
}
