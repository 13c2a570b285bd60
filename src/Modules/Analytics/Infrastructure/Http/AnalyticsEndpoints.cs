using System.ComponentModel;
using System.Globalization;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;
using Pipeline.Analytics.Application;
using Pipeline.Analytics.Contracts;
using Pipeline.ServiceDefaults.Http;

namespace Pipeline.Analytics.Infrastructure.Http;

/// <summary>The routes of the module.</summary>
internal static class AnalyticsEndpoints
{
    private const string LakeVersionHeader = "X-Lake-Version";
    private const string RefreshedAtHeader = "X-Refreshed-At";
    private const int DefaultLimit = 10;
    private const int DefaultPage = 100;

    public static void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet(Questions.Root, async (IMediator mediator, CancellationToken cancellationToken) =>
                TypedResults.Ok(await mediator.Send(new GetQuestions(), cancellationToken)))
            .WithName("GetAnalyticsQuestions").WithTags("Analytics").WithSummary("The questions, with the SQL that answers each");
        endpoints.MapGet(Questions.TopProducts.Path, TopProductsAsync).Describe<TopProduct>(Questions.TopProducts, "GetTopProducts");
        endpoints.MapGet(Questions.PaymentTypes.Path, PaymentTypesAsync).Describe<PaymentTypeShare>(Questions.PaymentTypes, "GetPaymentTypes");
        endpoints.MapGet(Questions.TopCustomers.Path, TopCustomersAsync).Describe<TopCustomer>(Questions.TopCustomers, "GetTopCustomers");
        endpoints.MapGet(Questions.RepeatPurchases.Path, RepeatPurchasesAsync).Describe<RepeatPurchase>(Questions.RepeatPurchases, "GetRepeatPurchases");
        endpoints.MapGet(Questions.MostRepurchased.Path, MostRepurchasedAsync).Describe<RepurchasedProduct>(Questions.MostRepurchased, "GetMostRepurchased");
        endpoints.MapPost(Questions.Root + "/refresh", async (IMediator mediator, CancellationToken cancellationToken) =>
                TypedResults.Ok(await mediator.Send(new RefreshRepeatPurchases(), cancellationToken)))
            .WithName("RefreshRepeatPurchases").WithTags("Analytics")
            .WithSummary("Brings the table repeat_purchases in the warehouse up to the newest version of the lake")
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
    }

    private static async Task<Ok<IReadOnlyList<TopProduct>>> TopProductsAsync(
        HttpContext context,
        IMediator mediator,
        [Description("The most rows, 1 to 1000; 10 when left out.")] string? limit,
        CancellationToken cancellationToken)
    {
        var reader = new QueryReader();
        var query = new GetTopProducts(reader.WholeNumber(QueryParameter.Limit, limit, DefaultLimit));
        reader.ThrowIfInvalid();
        return Answer(context, await mediator.Send(query, cancellationToken));
    }

    private static async Task<Ok<IReadOnlyList<PaymentTypeShare>>> PaymentTypesAsync(
        HttpContext context, IMediator mediator, CancellationToken cancellationToken) =>
        Answer(context, await mediator.Send(new GetPaymentTypes(), cancellationToken));

    private static async Task<Ok<IReadOnlyList<TopCustomer>>> TopCustomersAsync(
        HttpContext context,
        IMediator mediator,
        [Description("The length of the window in hours, 1 to 878400; 1 when left out.")] string? hours,
        [Description("The most rows, 1 to 1000; 10 when left out.")] string? limit,
        [Description("The end of the window; ISO 8601 with a zone; now when left out.")] string? until,
        CancellationToken cancellationToken)
    {
        var reader = new QueryReader();
        var query = new GetTopCustomers(
            reader.WholeNumber(QueryParameter.Hours, hours, 1),
            reader.WholeNumber(QueryParameter.Limit, limit, DefaultLimit),
            reader.Time(QueryParameter.Until, until));
        reader.ThrowIfInvalid();
        return Answer(context, await mediator.Send(query, cancellationToken));
    }

    private static async Task<Ok<IReadOnlyList<RepeatPurchase>>> RepeatPurchasesAsync(
        HttpContext context,
        IMediator mediator,
        [Description("The most rows of the page, 1 to 10000; 100 when left out.")] string? limit,
        [Description("Where the page before ended, from its Link header; the first page when left out.")] string? after,
        CancellationToken cancellationToken)
    {
        var reader = new QueryReader();
        var query = new GetRepeatPurchases(reader.WholeNumber(QueryParameter.Limit, limit, DefaultPage), QueryReader.Text(after));
        reader.ThrowIfInvalid();
        var answer = await mediator.Send(query, cancellationToken);
        if (answer.Next is not null)
        {
            var parameters = new QueryBuilder
            {
                { QueryParameter.Limit, query.Limit.ToString(CultureInfo.InvariantCulture) },
                { QueryParameter.After, answer.Next },
            };
            var path = context.Request.PathBase.Add(Questions.RepeatPurchases.Path).ToUriComponent();
            context.Response.Headers[HeaderNames.Link] = $"<{path}{parameters}>; rel=\"next\"";
        }

        return Answer(context, answer);
    }

    private static async Task<Ok<IReadOnlyList<RepurchasedProduct>>> MostRepurchasedAsync(
        HttpContext context,
        IMediator mediator,
        [Description("The most rows, 1 to 1000; 10 when left out.")] string? limit,
        CancellationToken cancellationToken)
    {
        var reader = new QueryReader();
        var query = new GetMostRepurchased(reader.WholeNumber(QueryParameter.Limit, limit, DefaultLimit));
        reader.ThrowIfInvalid();
        return Answer(context, await mediator.Send(query, cancellationToken));
    }

    private static Ok<IReadOnlyList<T>> Answer<T>(HttpContext context, Answer<T> answer)
    {
        var headers = context.Response.Headers;
        headers.CacheControl = "no-store";
        if (answer.LakeVersion is { } version)
            headers[LakeVersionHeader] = version.ToString(CultureInfo.InvariantCulture);
        if (answer.RefreshedAt is { } refreshedAt)
        {
            headers[RefreshedAtHeader] = refreshedAt.ToUniversalTime().ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
            context.Response.GetTypedHeaders().LastModified = refreshedAt;
        }

        return TypedResults.Ok(answer.Rows);
    }

    private static void Describe<T>(this RouteHandlerBuilder endpoint, AnalyticsQuestion question, string name) =>
        endpoint.WithName(name).WithTags("Analytics").WithSummary(question.Description)
            .Produces<IReadOnlyList<T>>().ProducesValidationProblem().ProducesProblem(StatusCodes.Status503ServiceUnavailable);
}
