using System.Reflection;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Pipeline.Ingestion.Application;
using Pipeline.Ingestion.Contracts;
using Pipeline.Ingestion.Infrastructure;
using Pipeline.Ingestion.Infrastructure.Http;
using Pipeline.Ingestion.Infrastructure.Postgres;
using Pipeline.Postgres;

namespace Pipeline.Ingestion;

/// <summary>Takes user events and orders over HTTP, validates them and publishes them to the log.</summary>
public static class IngestionModule
{
    private const string Json = "application/json";

    /// <summary>Lets every content type through routing: the endpoint itself refuses, counts and explains the wrong ones. Not in the description.</summary>
    private const string AnyType = "*/*";

    /// <summary>The assembly whose handlers and validators the host registers.</summary>
    public static Assembly Assembly => typeof(IngestionModule).Assembly;

    /// <summary>Adds the module. The host adds the event log, PostgreSQL and MediatR.</summary>
    public static IServiceCollection AddIngestion(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<IngestionOptions>().Bind(configuration.GetSection(IngestionOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<IngestionOptions>, IngestionOptionsValidator>();
        services.AddSingleton<LimitsProvider>();
        services.AddSingleton<TopicOffsets>();
        services.AddSingleton<RecordPublisher>();
        services.AddSingleton<RejectionLog>();
        services.AddSingleton<InFlightLimit>();
        services.AddSingleton<DiskSpace>();
        services.AddSingleton<PublishEndpoint>();
        services.AddSingleton<IIdempotencyStore, PostgresIdempotencyStore>();
        services.AddMigrations("ingestion", Assembly);
        services.AddHostedService<TopicSetup>();
        services.AddHostedService<IdempotencyPurge>();
        services.AddHostedService(provider => provider.GetRequiredService<DiskSpace>());
        services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, IngestionJsonContext.Default));
        return services;
    }

    /// <summary>Maps the publishing routes and the list of refused requests.</summary>
    public static IEndpointRouteBuilder MapIngestion(this IEndpointRouteBuilder endpoints)
    {
        foreach (var path in new[] { "/SendEvent", "/send-event" })
        {
            endpoints.MapPut(path, (Delegate)SendEvent)
                .Accepts<UserEvent>(Json, AnyType).Produces<AcceptedRecord>(StatusCodes.Status202Accepted)
                .WithPublishing("Send one user event", OpenApiExamples.Event, OpenApiExamples.EventAnswer);
        }

        foreach (var path in new[] { "/PurchasedItems", "/purchased-items" })
        {
            endpoints.MapPost(path, (Delegate)SendPurchases)
                .Accepts<PurchasedOrder[]>(Json, AnyType).Produces<AcceptedRecord[]>(StatusCodes.Status202Accepted)
                .WithPublishing("Send orders, one message each", OpenApiExamples.Orders, OpenApiExamples.OrdersAnswer);
        }

        endpoints.MapGet("/ingestion/rejected", async (IMediator mediator, string? reason, int? limit, CancellationToken cancellationToken) =>
                await mediator.Send(new ListRejectedRequests(reason, limit ?? 100), cancellationToken))
            .WithTags("Ingestion").WithSummary("The newest refused requests of this process, and how many there were by reason").ProducesValidationProblem();
        return endpoints;
    }

    private static Task SendEvent(HttpContext context, PublishEndpoint endpoint) =>
        endpoint.HandleAsync(context, static (body, key) => new PublishUserEvent(body, key));

    private static Task SendPurchases(HttpContext context, PublishEndpoint endpoint) =>
        endpoint.HandleAsync(context, static (body, key) => new PublishPurchases(body, key));

    private static void WithPublishing(this RouteHandlerBuilder endpoint, string summary, string request, string answer) =>
        endpoint.WithTags("Ingestion").WithSummary(summary).WithExamples(request, answer, AnyType)
            .ProducesValidationProblem()
            .ProducesProblem(StatusCodes.Status409Conflict)
            .ProducesProblem(StatusCodes.Status413PayloadTooLarge)
            .ProducesProblem(StatusCodes.Status415UnsupportedMediaType)
            .ProducesProblem(StatusCodes.Status429TooManyRequests)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
}
