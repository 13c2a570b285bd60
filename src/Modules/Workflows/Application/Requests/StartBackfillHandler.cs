using FluentValidation;
using FluentValidation.Results;
using MediatR;
using Pipeline.Workflows.Application.Engine;
using Pipeline.Workflows.Contracts;

namespace Pipeline.Workflows.Application.Requests;

/// <summary>Makes the runs of a range of slots.</summary>
internal sealed class StartBackfillHandler(WorkflowFinder finder, ISchedules schedules, IRunStore store, IBackfills backfills, IRunQueries queries)
    : IRequestHandler<StartBackfill, Outcome<BackfillDetails>>
{
    private const int MostSlots = 10_000;

    public async Task<Outcome<BackfillDetails>> Handle(StartBackfill request, CancellationToken cancellationToken)
    {
        var (definition, refusal) = await finder.FindRunnableAsync(request.Workflow, cancellationToken);
        if (definition is null)
            return refusal!;
        if (definition.Schedule is not { } schedule)
            return new Refusal(RefusalKind.Conflict, $"Workflow {definition.Name} has no schedule and so no slots; start runs with a logical date.");
        if (request.Concurrency > definition.MaxActiveRuns)
            throw Invalid(nameof(request.Concurrency), $"must be at most the workflow's max_active_runs, which is {definition.MaxActiveRuns}");
        var parameters = WorkflowFinder.Parameters(definition, request.Params);

        // The first moment counts too.
        var slots = new List<DateTimeOffset>();
        for (var slot = schedules.Next(schedule, request.From.AddTicks(-1)); slot is { } due && due <= request.To; slot = schedules.Next(schedule, due))
        {
            if (slots.Count == MostSlots)
                throw Invalid(nameof(request.To), $"leaves more than {MostSlots} slots; backfill in parts");
            slots.Add(due);
        }

        if (slots.Count == 0)
            throw Invalid(nameof(request.To), "leaves no slot of the schedule");
        await store.KeepAsync(definition, cancellationToken);
        var runs = new NewRuns
        {
            Workflow = definition.Name,
            Version = definition.Version,
            Trigger = RunTrigger.Backfill,
            LogicalDates = slots,
            Parameters = parameters,
        };
        var id = await backfills.StartAsync(runs, request.From, request.To, request.Concurrency, cancellationToken);
        return (await queries.GetBackfillAsync(id, cancellationToken))!;
    }

    private static ValidationException Invalid(string field, string message) => new([new ValidationFailure(field, message)]);
}

/// <summary>Checks <see cref="StartBackfill"/>.</summary>
internal sealed class StartBackfillValidator : AbstractValidator<StartBackfill>
{
    public StartBackfillValidator()
    {
        RuleFor(r => r.Concurrency).GreaterThanOrEqualTo(1).WithMessage("must be at least 1");
        RuleFor(r => r.To).GreaterThanOrEqualTo(r => r.From).WithMessage("must not be before From");
    }
}
