using System.ComponentModel;
using System.Globalization;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;
using Pipeline.Events.Application;
using Pipeline.Events.Contracts;
using Pipeline.ServiceDefaults.Http;

namespace Pipeline.Events.Infrastructure.Http;

/// <summary>The routes of the module.</summary>
internal static class EventsEndpoints
{
    private const string Tag = "Events";
    private const string CountsPath = "/events/counts";
    private const int DefaultLimit = 100;

    public static void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet(CountsPath, CountsAsync).WithName("GetEventCounts").WithTags(Tag)
            .WithSummary("How often each user did what")
            .WithDescription(
                "Ordered by UserId and EventName, or by the counts, a page at a time. The header Link with rel=\"next\" has the address of the next page; the last page has none.")
            .Produces<IReadOnlyList<EventCount>>().ProducesValidationProblem().ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        endpoints.MapGet("/events", EventsAsync).WithName("GetUserEvents").WithTags(Tag)
            .WithSummary("The newest events, of one user or of all, by their own timestamps")
            .Produces<IReadOnlyList<StoredUserEvent>>().ProducesValidationProblem().ProducesProblem(StatusCodes.Status503ServiceUnavailable);
    }

    private static async Task<IResult> CountsAsync(
        HttpContext context,
        IMediator mediator,
        [Description("Only of this user.")] string? userId,
        [Description("Only of this event name.")] string? eventName,
        [Description("The most counts of the page, 1 to 10000; 100 when left out.")] string? limit,
        [Description("Only what comes after this UserId/EventName, both percent-encoded, as in user-17/PageVisited.")] string? after,
        [Description("name: by UserId and EventName, as when left out; count: the highest first.")] string? order,
        CancellationToken cancellationToken)
    {
        var reader = new QueryReader();
        var query = new GetEventCounts(
            QueryReader.Text(userId),
            QueryReader.Text(eventName),
            reader.WholeNumber(QueryParameter.Limit, limit, DefaultLimit),
            reader.Pair(QueryParameter.After, after),
            reader.Choice<EventCountOrder>(QueryParameter.Order, order));
        reader.ThrowIfInvalid();
        var page = await mediator.Send(query, cancellationToken);
        if (page.Next is not null)
            context.Response.Headers[HeaderNames.Link] = $"<{Address(context.Request.PathBase, query, page.Next)}>; rel=\"next\"";
        return TypedResults.Ok(page.Counts);
    }

    private static async Task<IResult> EventsAsync(
        IMediator mediator,
        [Description("Only of this user.")] string? userId,
        [Description("Only at or after this time; ISO 8601 with a zone.")] string? from,
        [Description("Only before this time; ISO 8601 with a zone.")] string? to,
        [Description("The most events, 1 to 10000; 100 when left out.")] string? limit,
        CancellationToken cancellationToken)
    {
        var reader = new QueryReader();
        var query = new GetUserEvents(
            QueryReader.Text(userId),
            reader.Time(QueryParameter.From, from),
            reader.Time(QueryParameter.To, to),
            reader.WholeNumber(QueryParameter.Limit, limit, DefaultLimit));
        reader.ThrowIfInvalid();
        return TypedResults.Ok(await mediator.Send(query, cancellationToken));
    }

    private static string Address(PathString pathBase, GetEventCounts query, EventPair next)
    {
        var parameters = new QueryBuilder();
        if (query.UserId is not null)
            parameters.Add(QueryParameter.UserId, query.UserId);
        if (query.EventName is not null)
            parameters.Add(QueryParameter.EventName, query.EventName);
        if (query.Order == EventCountOrder.Count)
            parameters.Add(QueryParameter.Order, "count");
        parameters.Add(QueryParameter.Limit, query.Limit.ToString(CultureInfo.InvariantCulture));
        parameters.Add(QueryParameter.After, next.ToString());
        return pathBase.Add(CountsPath).ToUriComponent() + parameters;
    }
}
