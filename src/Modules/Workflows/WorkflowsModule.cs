using System.Reflection;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Pipeline.Workflows.Application;
using Pipeline.Workflows.Infrastructure.CardData;
using Pipeline.Workflows.Infrastructure.Definitions;
using Pipeline.Workflows.Infrastructure.Http;
using Pipeline.Workflows.Infrastructure.Kinds;
using Pipeline.Workflows.Infrastructure.Kinds.Engine;

namespace Pipeline.Workflows;

/// <summary>Graphs of tasks, declared in YAML, that extract, transform and load on a schedule.</summary>
public static class WorkflowsModule
{
    /// <summary>The assembly whose handlers and validators the host registers.</summary>
    public static Assembly Assembly => typeof(WorkflowsModule).Assembly;

    /// <summary>Adds the catalog of workflows, the kinds of tasks, and what starts and asks for runs. The host adds the lake, PostgreSQL and MediatR. A second call does nothing.</summary>
    public static IServiceCollection AddWorkflows(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configuration);
        if (services.Any(s => s.ServiceType == typeof(IWorkflowCatalog)))
            return services;
        services.TryAddSingleton<IWorkflowCatalog, WorkflowCatalog>();
        services.TryAddSingleton<IWorkflowCatalogs, WorkflowCatalogs>();
        services.TryAddSingleton<IOutputReader, OutputReader>();
        services.AddHostedService<CatalogWatcher>();
        return services.AddEngine(configuration).AddTaskKinds().AddCardData();
    }

    /// <summary>Adds the worker that runs tasks, and the clock that starts runs; after <see cref="AddWorkflows"/>.</summary>
    public static IServiceCollection AddWorkflowsWorkers(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        return services.AddEngineWorkers();
    }

    /// <summary>Maps <c>/workflows</c>, <c>/runs</c> and <c>/backfills</c>.</summary>
    public static IEndpointRouteBuilder MapWorkflows(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        WorkflowEndpoints.Map(endpoints);
        return endpoints;
    }
}
