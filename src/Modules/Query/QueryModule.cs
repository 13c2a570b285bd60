using System.Reflection;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Pipeline.Query.Application;
using Pipeline.Query.Infrastructure.Http;
using Pipeline.Query.Infrastructure.Lake;
using Pipeline.Query.Infrastructure.Notebooks;
using Pipeline.Query.Infrastructure.Warehouse;

namespace Pipeline.Query;

/// <summary>SQL of people over lake and warehouse, read-only, and notebooks of it.</summary>
public static class QueryModule
{
    /// <summary>The assembly whose handlers and validators the host registers.</summary>
    public static Assembly Assembly => typeof(QueryModule).Assembly;

    /// <summary>Adds the module. The host adds the lake, PostgreSQL and MediatR. A second call does nothing.</summary>
    public static IServiceCollection AddQuery(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configuration);
        if (services.Any(s => s.ServiceType == typeof(SqlRunner)))
            return services;
        services.AddOptions<QueryOptions>().Bind(configuration.GetSection(QueryOptions.Section)).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<QueryOptions>, QueryOptionsValidator>());
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(configuration);
        services.AddSingleton<LakeTables>();
        services.AddSingleton<LakeSqlEngine>();
        services.AddSingleton<ISqlEngine>(provider => provider.GetRequiredService<LakeSqlEngine>());
        services.AddSingleton<ParquetFiles>();
        services.AddSingleton<WarehouseReader>();
        services.AddSingleton<ISqlEngine, WarehouseEngine>();
        services.AddSingleton<RunningStatements>();
        services.AddSingleton<SqlRunner>();
        services.AddSingleton<INotebookStore, NotebookFolder>();
        services.Configure<JsonOptions>(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, QueryJsonContext.Default));
        return services;
    }

    /// <summary>Maps <c>/sql</c> and <c>/notebooks</c>.</summary>
    public static IEndpointRouteBuilder MapQuery(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        SqlEndpoints.Map(endpoints);
        return endpoints;
    }
}
