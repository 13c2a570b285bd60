using System.Reflection;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Pipeline.Analytics.Application;
using Pipeline.Analytics.Infrastructure;
using Pipeline.Analytics.Infrastructure.Http;
using Pipeline.Analytics.Infrastructure.Lake;
using Pipeline.Analytics.Infrastructure.Postgres;
using Pipeline.Postgres;

namespace Pipeline.Analytics;

/// <summary>Answers questions over the orders in the lake, and keeps repeat purchases in the warehouse.</summary>
public static class AnalyticsModule
{
    /// <summary>The assembly whose handlers and validators the host registers.</summary>
    public static Assembly Assembly => typeof(AnalyticsModule).Assembly;

    /// <summary>Adds what answers and refreshes. The host adds the lake, PostgreSQL and MediatR. A second call does nothing.</summary>
    public static IServiceCollection AddAnalytics(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configuration);
        if (services.Any(s => s.ServiceType == typeof(ILakeQuestions)))
            return services;
        services.AddOptions<AnalyticsOptions>().Bind(configuration.GetSection(AnalyticsOptions.Section)).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<AnalyticsOptions>, AnalyticsOptionsValidator>());
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<LakeEngine>();
        services.AddSingleton<OrderIndex>();
        services.AddSingleton<ILakeQuestions, LakeQuestions>();
        services.AddSingleton<IRepeatPurchasesTable, RepeatPurchasesTable>();
        services.AddSingleton<RefreshSignal>();
        services.AddMigrations("analytics", Assembly);
        services.Configure<JsonOptions>(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, AnalyticsJsonContext.Default));
        return services;
    }

    /// <summary>Adds the loop that refreshes <c>repeat_purchases</c>; after <see cref="AddAnalytics"/>.</summary>
    public static IServiceCollection AddAnalyticsWorkers(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configuration);
        services.AddHostedService<RefreshLoop>();
        return services;
    }

    /// <summary>Maps <c>GET /analytics</c>, a route for each question, and <c>POST /analytics/refresh</c>.</summary>
    public static IEndpointRouteBuilder MapAnalytics(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        AnalyticsEndpoints.Map(endpoints);
        return endpoints;
    }
}
