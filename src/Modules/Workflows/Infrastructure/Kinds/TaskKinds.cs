using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Pipeline.Workflows.Application;
using Pipeline.Workflows.Infrastructure.Kinds.Check;
using Pipeline.Workflows.Infrastructure.Kinds.Engine;
using Pipeline.Workflows.Infrastructure.Kinds.Extract;
using Pipeline.Workflows.Infrastructure.Kinds.Extract.Sources.Files;
using Pipeline.Workflows.Infrastructure.Kinds.Extract.Sources.Http;
using Pipeline.Workflows.Infrastructure.Kinds.Extract.Sources.Lake;
using Pipeline.Workflows.Infrastructure.Kinds.Extract.Sources.Postgres;
using Pipeline.Workflows.Infrastructure.Kinds.Extract.Sources.Web;
using Pipeline.Workflows.Infrastructure.Kinds.Load;
using Pipeline.Workflows.Infrastructure.Kinds.Load.Sinks.Folders;
using Pipeline.Workflows.Infrastructure.Kinds.Load.Sinks.Postgres;
using Pipeline.Workflows.Infrastructure.Kinds.Operation;
using Pipeline.Workflows.Infrastructure.Kinds.Postgres;
using Pipeline.Workflows.Infrastructure.Kinds.Transform;

namespace Pipeline.Workflows.Infrastructure.Kinds;

/// <summary>Registers what tasks do.</summary>
internal static class TaskKinds
{
    /// <summary>Adds the kinds of tasks. The host adds the lake, PostgreSQL, MediatR and <see cref="WorkflowsOptions"/>.</summary>
    public static IServiceCollection AddTaskKinds(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<SqlEngine>();
        services.AddSingleton<SqlSessions>();
        services.AddSingleton<Databases>();
        services.AddSingleton<WebClient>();
        services.AddSingleton<ISource, FileSource>();
        services.AddSingleton<ISource, HttpSource>();
        services.AddSingleton<ISource, PostgresSource>();
        services.AddSingleton<ISource, LakeSource>();
        services.AddSingleton<ISink, PostgresSink>();
        services.AddSingleton<ISink, CsvFolderSink>();
        services.AddSingleton<ISink, ParquetFolderSink>();
        services.AddSingleton<ITaskKind, ExtractKind>();
        services.AddSingleton<ITaskKind, SqlKind>();
        services.AddSingleton<ITaskKind, LoadKind>();
        services.AddSingleton<ITaskKind, CheckKind>();
        services.AddSingleton<ITaskKind, OperationKind>();
        services.AddOperations();
        return services;
    }
}
