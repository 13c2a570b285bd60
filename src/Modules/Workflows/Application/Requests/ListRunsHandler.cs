using FluentValidation;
using MediatR;
using Pipeline.Workflows.Application.Engine;
using Pipeline.Workflows.Contracts;

namespace Pipeline.Workflows.Application.Requests;

/// <summary>Lists runs, also of a workflow that is gone but has runs.</summary>
internal sealed class ListRunsHandler(WorkflowFinder finder, IRunQueries queries) : IRequestHandler<ListRuns, Outcome<RunsPage>>
{
    public async Task<Outcome<RunsPage>> Handle(ListRuns request, CancellationToken cancellationToken)
    {
        // One more than asked for tells whether there is a next page.
        var runs = await queries.ListAsync(request, request.Limit + 1, cancellationToken);
        if (runs.Count == 0 && request.Workflow is { } workflow && (await finder.FindAsync(workflow, cancellationToken)).Refusal is { } refusal)
            return refusal;
        return runs.Count <= request.Limit ? new RunsPage(runs, null) : new RunsPage([.. runs.Take(request.Limit)], runs[request.Limit - 1].Id);
    }
}

/// <summary>Checks <see cref="ListRuns"/>.</summary>
internal sealed class ListRunsValidator : AbstractValidator<ListRuns>
{
    public ListRunsValidator() => RuleFor(r => r.Limit).InclusiveBetween(1, 1_000).WithMessage("must be from 1 to 1000").OverridePropertyName("limit");
}
