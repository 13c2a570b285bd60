using MediatR;
using Pipeline.Workflows.Application.Engine;
using Pipeline.Workflows.Contracts;

namespace Pipeline.Workflows.Application.Requests;

/// <summary>Shows a backfill.</summary>
internal sealed class GetBackfillHandler(IRunQueries queries) : IRequestHandler<GetBackfill, Outcome<BackfillDetails>>
{
    public async Task<Outcome<BackfillDetails>> Handle(GetBackfill request, CancellationToken cancellationToken) =>
        await queries.GetBackfillAsync(request.Id, cancellationToken) is { } backfill ? backfill : NoRun.OfBackfill(request.Id);
}
