using MediatR;
using Pipeline.Workflows.Application.Engine;
using Pipeline.Workflows.Contracts;

namespace Pipeline.Workflows.Application.Requests;

/// <summary>Shows a run.</summary>
internal sealed class GetRunHandler(IRunQueries queries) : IRequestHandler<GetRun, Outcome<RunDetails>>
{
    public async Task<Outcome<RunDetails>> Handle(GetRun request, CancellationToken cancellationToken) =>
        await queries.GetAsync(request.Id, cancellationToken) is { } run ? run : NoRun.Of(request.Id);
}
