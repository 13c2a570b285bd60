using MediatR;
using Pipeline.Analytics.Contracts;

namespace Pipeline.Analytics.Application;

/// <summary>Answers <see cref="GetPaymentTypes"/>.</summary>
internal sealed class GetPaymentTypesHandler(ILakeQuestions lake) : IRequestHandler<GetPaymentTypes, Answer<PaymentTypeShare>>
{
    public Task<Answer<PaymentTypeShare>> Handle(GetPaymentTypes request, CancellationToken cancellationToken) =>
        lake.AskAsync(
            new LakeQuestion(Questions.PaymentTypes),
            row => new PaymentTypeShare(row.Text(0), row.Integer(1), row.Number(2)),
            cancellationToken);
}
