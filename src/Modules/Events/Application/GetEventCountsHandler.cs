using FluentValidation;
using MediatR;
using Pipeline.Events.Contracts;

namespace Pipeline.Events.Application;

/// <summary>Answers <see cref="GetEventCounts"/> from the store.</summary>
internal sealed class GetEventCountsHandler(IUserEventStore store) : IRequestHandler<GetEventCounts, EventCountsPage>
{
    public Task<EventCountsPage> Handle(GetEventCounts request, CancellationToken cancellationToken) =>
        store.GetCountsAsync(request, cancellationToken).AsTask();
}

/// <summary>What may be asked for; failures carry the names of the query's parameters.</summary>
internal sealed class GetEventCountsValidator : AbstractValidator<GetEventCounts>
{
    public GetEventCountsValidator()
    {
        RuleFor(q => q.UserId).Key(QueryParameter.UserId);
        RuleFor(q => q.EventName).Key(QueryParameter.EventName);
        RuleFor(q => q.Limit).PageSize();
        When(q => q.After is not null, () =>
        {
            RuleFor(q => q.After!.UserId).Key(QueryParameter.After);
            RuleFor(q => q.After!.EventName).Key(QueryParameter.After);
        });
    }
}
