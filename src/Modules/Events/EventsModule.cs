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

    /// <summary>Adds what stores, counts and answers. The host adds the event log, PostgreSQL and MediatR. A second call does nothing.</summary>
    public static IServiceCollection AddEvents(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configuration);
        if (services.Any(s => s.ServiceType == typeof(UserEventsSink)))
            return services;
        services.AddOptions<EventsOptions>().Bind(configuration.GetSection(EventsOptions.Section)).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<EventsOptions>, EventsOptionsValidator>());
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<Segments>();
        services.TryAddSingleton<IUserEventStore, PostgresUserEventStore>();
        services.TryAddSingleton<DeadLetterWriter>();
        services.TryAddSingleton<Retry>();
        services.TryAddSingleton<UserEventsSink>();
        services.AddMigrations("events", Assembly);
        services.Configure<JsonOptions>(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, EventsJsonContext.Default));
        return services;
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
