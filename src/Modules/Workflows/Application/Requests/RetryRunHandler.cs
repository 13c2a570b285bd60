using MediatR;
using Pipeline.Workflows.Application.Engine;
using Pipeline.Workflows.Contracts;

namespace Pipeline.Workflows.Application.Requests;

/// <summary>Runs again what did not end well.</summary>
internal sealed class RetryRunHandler(IRunStore store, IRunQueries queries) : IRequestHandler<RetryRun, Outcome<RunSummary>>
{
    public async Task<Outcome<RunSummary>> Handle(RetryRun request, CancellationToken cancellationToken) =>
        await store.RetryAsync(request.Id, cancellationToken) switch
        {
            null => NoRun.Of(request.Id),
            RunState.Failed or RunState.Cancelled or RunState.TimedOut =>
                await queries.FindAsync(request.Id, cancellationToken) is { } run ? run : NoRun.Of(request.Id),
            { } state => new Refusal(RefusalKind.Conflict,
                $"Run {request.Id} is {Names<RunState>.Of(state)}: only one that failed, was cancelled or timed out can be run again."),
        };
}
