using System.Reflection;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Pipeline.DeadLetters.Application;
using Pipeline.DeadLetters.Infrastructure.Http;
using Pipeline.DeadLetters.Infrastructure.Postgres;
using Pipeline.Postgres;

namespace Pipeline.DeadLetters;

/// <summary>Records that a sink could not take: seen, replayed exactly once, or discarded.</summary>
public static class DeadLettersModule
{
    /// <summary>The assembly whose handlers and validators the host registers.</summary>
    public static Assembly Assembly => typeof(DeadLettersModule).Assembly;

    /// <summary>Adds the module. The host adds the event log, PostgreSQL, ingestion and MediatR. A second call does nothing.</summary>
    public static IServiceCollection AddDeadLetters(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configuration);
        if (services.Any(s => s.ServiceType == typeof(LetterLog)))
            return services;
        services.AddOptions<DeadLettersOptions>().Bind(configuration.GetSection(DeadLettersOptions.Section)).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<DeadLettersOptions>, DeadLettersOptionsValidator>());
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IDeadLetterStore, PostgresDeadLetterStore>();
        services.AddSingleton<LetterLog>();
        services.AddSingleton<LetterSelection>();
        services.AddMigrations("dead_letters", Assembly);
        services.Configure<JsonOptions>(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, DeadLettersJsonContext.Default));
        return services;
    }

    /// <summary>Maps <c>/dead-letters</c>.</summary>
    public static IEndpointRouteBuilder MapDeadLetters(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        DeadLetterEndpoints.Map(endpoints);
        return endpoints;
    }
}
