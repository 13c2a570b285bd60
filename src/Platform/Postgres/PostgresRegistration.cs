using System.Reflection;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Pipeline.Postgres.Migrations;

namespace Pipeline.Postgres;

/// <summary>Registers what the modules share of PostgreSQL.</summary>
public static class PostgresRegistration
{
    /// <summary>The name of the connection string: <c>ConnectionStrings:warehouse</c>.</summary>
    public const string ConnectionName = "warehouse";

    internal const string ApplicationName = "pipeline";

    /// <summary>
    /// Registers the one <see cref="NpgsqlDataSource"/> of the process, built from <c>ConnectionStrings:warehouse</c> when it is first asked for,
    /// and its health check <c>postgres</c>.
    /// </summary>
    public static IServiceCollection AddPostgres(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configuration);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(provider => CreateDataSource(configuration, provider.GetService<ILoggerFactory>()));
        services.AddHealthChecks().AddCheck<PostgresHealthCheck>("postgres");
        return services;
    }

    /// <summary>
    /// Adds the migrations of a module: the embedded resources <c>Migrations/0001_name.sql</c>, <c>Migrations/0002_other.sql</c>, ... of an assembly.
    /// They are applied before any hosted service starts, modules in the order of their registration.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="module">The module's name, under which they are recorded.</param>
    /// <param name="assembly">Where they are embedded.</param>
    public static IServiceCollection AddMigrations(this IServiceCollection services, string module, Assembly assembly)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddSingleton(new MigrationSource(module, assembly));
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(provider => new Migrator(
            provider.GetRequiredService<NpgsqlDataSource>(),
            provider.GetServices<MigrationSource>(),
            provider.GetRequiredService<ILogger<Migrator>>(),
            provider.GetRequiredService<TimeProvider>()));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, MigrationService>());
        return services;
    }

    private static NpgsqlDataSource CreateDataSource(IConfiguration configuration, ILoggerFactory? loggerFactory)
    {
        var text = configuration.GetConnectionString(ConnectionName);
        if (string.IsNullOrWhiteSpace(text))
        {
            throw new TerminalException(
                $"ConnectionStrings:{ConnectionName} is not set: set ConnectionStrings__{ConnectionName} to a server, or start AppHost, which has one.");
        }

        NpgsqlDataSourceBuilder builder;
        try
        {
            builder = new NpgsqlDataSourceBuilder(text);
        }
        catch (ArgumentException e)
        {
            throw new TerminalException($"ConnectionStrings:{ConnectionName} is not a valid connection string: {e.Message}", e);
        }

        Default(builder, "Application Name", ApplicationName);
        Default(builder, "Maximum Pool Size", 24);
        Default(builder, "Max Auto Prepare", 64);
        Default(builder, "Timeout", 10);
        if (loggerFactory is not null)
            builder.UseLoggerFactory(loggerFactory);
        return builder.Build();
    }

    private static void Default(NpgsqlDataSourceBuilder builder, string keyword, object value)
    {
        if (!builder.ConnectionStringBuilder.ShouldSerialize(keyword))
            builder.ConnectionStringBuilder[keyword] = value;
    }
}
