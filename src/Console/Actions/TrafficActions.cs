using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Pipeline.Console.Actions;

/// <summary>What the overview's buttons for made-up traffic do.</summary>
internal static class TrafficActions
{
    public static void Map(IEndpointRouteBuilder endpoints)
    {
        var actions = endpoints.MapGroup("/console/actions/traffic").ExcludeFromDescription();
        actions.MapPost("/start", (IServiceProvider services) => With(services, t => t.Start()));
        actions.MapPost("/stop", (IServiceProvider services) => With(services, t => t.Stop()));
        actions.MapPost("/rate", (TrafficRateBody body, IServiceProvider services) => With(services, t =>
        {
            if (body.EventsPerSecond is >= 0 && body.EventsPerSecond <= t.State.Highest)
                t.SetRate(body.EventsPerSecond);
            else
                throw new BadHttpRequestException($"Events a second must be 0 to {t.State.Highest}.");
        }));
    }

    private static IResult With(IServiceProvider services, Action<ITrafficControl> act)
    {
        if (services.GetService(typeof(ITrafficControl)) is not ITrafficControl traffic)
            return Results.Problem("This host makes no traffic.", statusCode: StatusCodes.Status404NotFound);
        act(traffic);
        return Results.Ok(traffic.State);
    }

    /// <summary>How much is wanted.</summary>
    internal sealed record TrafficRateBody(double EventsPerSecond);
}
