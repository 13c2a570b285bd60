using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Pipeline.Hosting.Status;

internal static class StatusEndpoint
{
    public static void Map(IEndpointRouteBuilder endpoints) =>
        endpoints.MapGet("/status", async (IMediator mediator, CancellationToken cancellationToken) => await mediator.Send(new GetStatus(), cancellationToken))
            .WithTags("Status").WithSummary("Topics with offsets, groups with lag, tables with version, rows and files");
}
