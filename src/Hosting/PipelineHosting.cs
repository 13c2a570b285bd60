using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pipeline.Analytics;
using Pipeline.Console;
using Pipeline.DeadLetters;
using Pipeline.EventLog;
using Pipeline.Events;
#if ASPIRE
using Pipeline.Events.Mongo;
#endif
using Pipeline.Hosting.Status;
using Pipeline.Ingestion;
using Pipeline.Lake;
using Pipeline.Observability;
using Pipeline.Postgres;
using Pipeline.Purchases;
using Pipeline.Query;
using Pipeline.ServiceDefaults;
using Pipeline.ServiceDefaults.Mediation;
using Pipeline.Workflows;

namespace Pipeline.Hosting;

/// <summary>Puts platform and modules together; every host calls this and adds only what is its own.</summary>
public static class PipelineHosting
{
    /// <summary>Adds platform, modules and mediator: all that answers requests. The background work is <see cref="AddPipelineWorkers"/>.</summary>
    /// <param name="builder">The host; its configuration names the stores by <c>ConnectionStrings:warehouse</c> and <c>ConnectionStrings:lake</c>.</param>
    /// <param name="serviceName">The host's name in telemetry.</param>
    public static IHostApplicationBuilder AddPipeline(this IHostApplicationBuilder builder, string serviceName)
    {
        var configuration = builder.Configuration;
        builder.AddServiceDefaults(serviceName);

        // Its lines tell of each request; while it may log, ASP.NET Core makes a span and a scope for each request, listener or not.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning).AddFilter("Npgsql", LogLevel.Warning).AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Warning);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(3));
        builder.Services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, StatusJsonContext.Default));
        builder.Services.AddOpenApi("v1", OpenApiDescription.Configure);
        builder.Services.TryAddSingleton<ProcessClock>();

        builder.Services
            .AddObservability(configuration)
            .AddPostgres(configuration)
            .AddEventLog(configuration)
            .AddLake(configuration)
            .AddIngestion(configuration)
#if ASPIRE
            .AddEventsInMongo(configuration)
#endif
            .AddEvents(configuration)
            .AddPurchases(configuration)
            .AddAnalytics(configuration)
            .AddWorkflows(configuration)
            .AddConsole()
            .AddQuery(configuration)
            .AddDeadLetters(configuration)
            .AddMediation(
                IngestionModule.Assembly, EventsModule.Assembly, PurchasesModule.Assembly, AnalyticsModule.Assembly, WorkflowsModule.Assembly,
                ObservabilityModule.Assembly, QueryModule.Assembly, DeadLettersModule.Assembly, typeof(PipelineHosting).Assembly);
        return builder;
    }

    /// <summary>Adds the background work: consumers, refreshes, maintenance. Any number of processes may run it; they share the work.</summary>
    public static IHostApplicationBuilder AddPipelineWorkers(this IHostApplicationBuilder builder)
    {
        var configuration = builder.Configuration;
        builder.Services
            .AddEventsWorkers(configuration)
            .AddPurchasesWorkers()
            .AddAnalyticsWorkers(configuration)
            .AddWorkflowsWorkers()
            .AddHostedService<HeapTrimmer>();
        return builder;
    }

    /// <summary>Maps every route: the modules', <c>/status</c>, <c>/health</c>, <c>/alive</c>, <c>/openapi/v1.json</c> an index at <c>/routes</c> and the console at <c>/</c>.</summary>
    public static WebApplication MapPipeline(this WebApplication app)
    {
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.MapOpenApi();
        app.MapIngestion();
        app.MapEvents();
        app.MapAnalytics();
        app.MapWorkflows();
        app.MapQuery();
        app.MapDeadLetters();
        app.MapStatus();
        app.MapIndex();
        app.MapConsole();
        return app;
    }

    /// <summary>
    /// Maps <c>/status</c>, <c>/health</c>, <c>/alive</c> and what tells of the process (<c>/metrics</c>, <c>/figures</c>, <c>/traces</c>, <c>/logs</c>) only: what a host
    /// without an API answers.
    /// </summary>
    public static IEndpointRouteBuilder MapStatus(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapHealth();
        StatusEndpoint.Map(endpoints);
        endpoints.MapObservability();
        return endpoints;
    }
}
