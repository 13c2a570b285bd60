using MediatR;
using Pipeline.Workflows.Application.Engine;
using Pipeline.Workflows.Contracts;

namespace Pipeline.Workflows.Application.Requests;

/// <summary>Starts a run with the definition of now.</summary>
internal sealed class StartRunHandler(WorkflowFinder finder, IRunStore store, IRunQueries queries, TimeProvider time)
    : IRequestHandler<StartRun, Outcome<RunSummary>>
{
    public async Task<Outcome<RunSummary>> Handle(StartRun request, CancellationToken cancellationToken)
    {
        var (definition, refusal) = await finder.FindRunnableAsync(request.Workflow, cancellationToken);
        if (definition is null)
            return refusal!;
        var runs = new NewRuns
        {
            Workflow = definition.Name,
            Version = definition.Version,
            Trigger = RunTrigger.Manual,
            LogicalDates = [request.LogicalDate ?? time.GetUtcNow()],
            Parameters = WorkflowFinder.Parameters(definition, request.Params),
        };
        await store.KeepAsync(definition, cancellationToken);
        var made = await store.StartAsync(runs, cancellationToken);
        return (await queries.FindAsync(made[0], cancellationToken))!;
    }
}
