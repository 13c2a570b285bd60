using System.Reflection;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Observability.Application;
using Pipeline.Observability.Infrastructure;
using Pipeline.Observability.Infrastructure.Http;

namespace Pipeline.Observability;

/// <summary>Shows what the pipeline does: traces and logs in memory, live figures, and <c>/metrics</c> for Prometheus.</summary>
public static class ObservabilityModule
{
    /// <summary>The assembly whose handlers and validators the host registers.</summary>
    public static Assembly Assembly => typeof(ObservabilityModule).Assembly;

    /// <summary>Adds what listens and answers; before the hosted services of others, so that nothing of them is missed. The host adds the event log, the lake and MediatR.</summary>
    public static IServiceCollection AddObservability(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configuration);
        if (services.Any(s => s.ServiceType == typeof(SpanStore)))
            return services;
        services.AddOptions<ObservabilityOptions>().Bind(configuration.GetSection(ObservabilityOptions.Section)).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<ObservabilityOptions>, ObservabilityOptionsValidator>());
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<SpanStore>();
        services.AddSingleton<LineStore>();
        services.AddSingleton<LiveState>();
        services.AddSingleton<MeterCollector>();
        services.AddSingleton<IMeasurements>(p => p.GetRequiredService<MeterCollector>());
        services.AddSingleton<IHostedService>(p => p.GetRequiredService<MeterCollector>());
        services.AddHostedService<SpanListener>();
        services.AddHostedService<LiveSampler>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<ILoggerProvider, MemoryLoggerProvider>());
        services.Configure<JsonOptions>(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, ObservabilityJsonContext.Default));
        return services;
    }

    /// <summary>Maps <c>/traces</c>, <c>/logs</c>, <c>/figures</c> and <c>/metrics</c>.</summary>
    public static IEndpointRouteBuilder MapObservability(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ObservabilityEndpoints.Map(endpoints);
        return endpoints;
    }
}
