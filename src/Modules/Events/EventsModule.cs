using System.Reflection;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Pipeline.Events.Application;
using Pipeline.Events.Infrastructure;
using Pipeline.Events.Infrastructure.Http;
using Pipeline.Events.Infrastructure.Postgres;
using Pipeline.Postgres;

namespace Pipeline.Events;

/// <summary>Stores user events from the log, counts them per user and event name, and answers questions about both.</summary>
public static class EventsModule
{
    /// <summary>The assembly whose handlers and validators the host registers.</summary>
    public static Assembly Assembly => typeof(EventsModule).Assembly;

    /// <summary>The connection string that keeps user events and their counts in MongoDB: <c>ConnectionStrings:mongo</c>.</summary>
    public const string MongoConnectionName = "mongo";

    /// <summary>
    /// Adds what stores, counts and answers. The host adds the event log, PostgreSQL and MediatR, and before this call another store where there is one. A second call does nothing.
    /// </summary>
    /// <exception cref="TerminalException"><c>ConnectionStrings:mongo</c> is set and this build has no adapter for it.</exception>
    public static IServiceCollection AddEvents(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configuration);
        if (services.Any(s => s.ServiceType == typeof(UserEventsSink)))
            return services;
        services.AddOptions<EventsOptions>().Bind(configuration.GetSection(EventsOptions.Section)).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<EventsOptions>, EventsOptionsValidator>());
        services.TryAddSingleton(TimeProvider.System);
        AddStore(services, configuration);
        services.TryAddSingleton<DeadLetterWriter>();
        services.TryAddSingleton<Retry>();
        services.TryAddSingleton<UserEventsSink>();
        services.Configure<JsonOptions>(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, EventsJsonContext.Default));
        return services;
    }

    /// <summary>Where another store is in use, PostgreSQL gets no tables that would stay empty.</summary>
    private static void AddStore(IServiceCollection services, IConfiguration configuration)
    {
        if (services.Any(s => s.ServiceType == typeof(IUserEventStore)))
            return;
        if (!string.IsNullOrWhiteSpace(configuration.GetConnectionString(MongoConnectionName)))
        {
            throw new TerminalException(
                $"ConnectionStrings:{MongoConnectionName} is set, but this build has no MongoDB adapter: build Api and Workers with -p:Stack=aspire "
                + "(dotnet build src/Api -p:Stack=aspire), or remove it to keep user events in PostgreSQL.");
        }

        services.TryAddSingleton<Segments>();
        services.TryAddSingleton<IUserEventStore, PostgresUserEventStore>();
        services.AddMigrations("events", Assembly);
    }

    /// <summary>Adds the worker that takes events from the log, continuously or by schedule; after <see cref="AddEvents"/>.</summary>
    public static IServiceCollection AddEventsWorkers(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configuration);
        services.AddHostedService<UserEventsConsumer>();
        services.AddHostedService<UserEventsSchedule>();
        return services;
    }

    /// <summary>Maps <c>GET /events/counts</c> and <c>GET /events</c>.</summary>
    public static IEndpointRouteBuilder MapEvents(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        EventsEndpoints.Map(endpoints);
        return endpoints;
    }
}
