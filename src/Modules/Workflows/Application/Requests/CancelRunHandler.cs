using MediatR;
using Microsoft.Extensions.Logging;
using Pipeline.Workflows.Application.Engine;
using Pipeline.Workflows.Contracts;

namespace Pipeline.Workflows.Application.Requests;

/// <summary>Ends a run early.</summary>
internal sealed class CancelRunHandler(IRunStore store, IRunQueries queries, TimeProvider time, ILogger<CancelRunHandler> logger)
    : IRequestHandler<CancelRun, Outcome<RunSummary>>
{
    public async Task<Outcome<RunSummary>> Handle(CancelRun request, CancellationToken cancellationToken)
    {
        var stopped = await store.CancelAsync(request.Id, cancellationToken);
        if (stopped.Ended is { } ended)
        {
            WorkflowsTelemetry.RunEnded(ended, time.GetUtcNow());
            Log.RunEnded(logger, ended.Id, ended.Workflow, Names<RunState>.Of(ended.State));
        }

        return stopped.Before switch
        {
            null => NoRun.Of(request.Id),
            RunState.Queued or RunState.Running => await queries.FindAsync(request.Id, cancellationToken) is { } run ? run : NoRun.Of(request.Id),
            { } state => new Refusal(RefusalKind.Conflict, $"Run {request.Id} has ended already: {Names<RunState>.Of(state)}."),
        };
    }
}
