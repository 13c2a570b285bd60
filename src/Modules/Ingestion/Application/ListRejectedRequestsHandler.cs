using FluentValidation;
using MediatR;
using Pipeline.Ingestion.Contracts;

namespace Pipeline.Ingestion.Application;

internal sealed class ListRejectedRequestsValidator : AbstractValidator<ListRejectedRequests>
{
    public ListRejectedRequestsValidator()
    {
        RuleFor(x => x.Reason).Must(reason => reason is null || Enum.TryParse<RejectionReason>(reason, ignoreCase: true, out var r) && Enum.IsDefined(r))
            .WithMessage("must be one of " + string.Join(", ", Enum.GetNames<RejectionReason>())).OverridePropertyName("reason");
        RuleFor(x => x.Limit).InclusiveBetween(1, 1000).WithMessage("must be from 1 to 1000").OverridePropertyName("limit");
    }
}

internal sealed class ListRejectedRequestsHandler(RejectionLog rejections) : IRequestHandler<ListRejectedRequests, RejectedRequests>
{
    public Task<RejectedRequests> Handle(ListRejectedRequests request, CancellationToken cancellationToken) =>
        Task.FromResult(rejections.Read(request.Reason is null ? null : Enum.Parse<RejectionReason>(request.Reason, ignoreCase: true), request.Limit));
}
