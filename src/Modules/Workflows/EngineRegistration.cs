using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Postgres;
using Pipeline.Workflows.Application;
using Pipeline.Workflows.Application.Engine;
using Pipeline.Workflows.Application.Requests;
using Pipeline.Workflows.Application.Time;
using Pipeline.Workflows.Infrastructure;
using Pipeline.Workflows.Infrastructure.Postgres;
using Pipeline.Workflows.Infrastructure.Time;

namespace Pipeline.Workflows;

/// <summary>Registers the engine; catalog and kinds are registered beside it.</summary>
internal static class EngineRegistration
{
    /// <summary>Adds what starts, asks for and changes runs.</summary>
    public static IServiceCollection AddEngine(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<WorkflowsOptions>().Bind(configuration.GetSection(WorkflowsOptions.Section)).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<WorkflowsOptions>, WorkflowsOptionsValidator>());
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(configuration);
        services.TryAddSingleton<Templates>();
        services.TryAddSingleton<IRunStore, PostgresRunStore>();
        services.TryAddSingleton<IPlanStore, PostgresPlanStore>();
        services.TryAddSingleton<IRunQueries, PostgresRunQueries>();
        services.TryAddSingleton<IBackfills, PostgresBackfills>();
        services.TryAddSingleton<WorkflowFinder>();
        services.TryAddSingleton<WorkflowViews>();
        services.TryAddSingleton<PinnedDefinitions>();
        services.TryAddSingleton<CronSchedules>();
        services.TryAddSingleton<ISchedules>(provider => provider.GetRequiredService<CronSchedules>());
        services.TryAddSingleton<SlotPlanner>();
        services.AddMigrations("workflows", WorkflowsModule.Assembly);
        services.Configure<JsonOptions>(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, WorkflowsJsonContext.Default));
        return services;
    }

    /// <summary>Adds the worker that runs tasks; after <see cref="AddEngine"/>.</summary>
    public static IServiceCollection AddEngineWorkers(this IServiceCollection services)
    {
        services.TryAddSingleton<ICondition, DuckCondition>();
        services.TryAddSingleton<TryRunner>();
        services.TryAddSingleton<WorkflowEngine>();
        services.AddHostedService<EngineWorker>();
        services.AddHostedService<QuartzClock>();
        services.AddLogging(logging => logging.AddFilter("Quartz", LogLevel.Warning));
        services.TryAddSingleton<IRunPurge, PostgresRunPurge>();
        services.TryAddSingleton<RunPurger>();
        services.AddHostedService<PurgeWorker>();
        return services;
    }
}
