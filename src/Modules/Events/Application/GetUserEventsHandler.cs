using FluentValidation;
using MediatR;
using Pipeline.Events.Contracts;

namespace Pipeline.Events.Application;

/// <summary>Answers <see cref="GetUserEvents"/> from the store.</summary>
internal sealed class GetUserEventsHandler(IUserEventStore store) : IRequestHandler<GetUserEvents, IReadOnlyList<StoredUserEvent>>
{
    public Task<IReadOnlyList<StoredUserEvent>> Handle(GetUserEvents request, CancellationToken cancellationToken) =>
        store.GetEventsAsync(request, cancellationToken).AsTask();
}

/// <summary>What may be asked for; failures carry the names of the query's parameters.</summary>
internal sealed class GetUserEventsValidator : AbstractValidator<GetUserEvents>
{
    public GetUserEventsValidator()
    {
        RuleFor(q => q.UserId).Key(QueryParameter.UserId);
        RuleFor(q => q.Limit).PageSize();
        RuleFor(q => q.To).GreaterThan(q => q.From).When(q => q.From is not null && q.To is not null).WithMessage("must be after 'from'")
            .OverridePropertyName(QueryParameter.To);
    }
}
