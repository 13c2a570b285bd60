using MediatR;
using Pipeline.Workflows.Application.Engine;
using Pipeline.Workflows.Contracts;

namespace Pipeline.Workflows.Application.Requests;

/// <summary>Cancels the runs of a backfill, first those whose turn has not come, so that none begins meanwhile.</summary>
internal sealed class CancelBackfillHandler(IBackfills backfills, IMediator mediator, IRunQueries queries)
    : IRequestHandler<CancelBackfill, Outcome<BackfillDetails>>
{
    public async Task<Outcome<BackfillDetails>> Handle(CancelBackfill request, CancellationToken cancellationToken)
    {
        if (await backfills.CancelAsync(request.Id, cancellationToken) is not { } running)
            return NoRun.OfBackfill(request.Id);
        foreach (var run in running)
            await mediator.Send(new CancelRun(run), cancellationToken);
        return await queries.GetBackfillAsync(request.Id, cancellationToken) is { } backfill ? backfill : NoRun.OfBackfill(request.Id);
    }
}
