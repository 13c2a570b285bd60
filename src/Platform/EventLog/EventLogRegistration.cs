using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.EventLog.Kafka;
using Pipeline.EventLog.Postgres;
using Pipeline.Postgres;

namespace Pipeline.EventLog;

/// <summary>Registers the log.</summary>
public static class EventLogRegistration
{
    /// <summary>The connection string that chooses Apache Kafka: <c>ConnectionStrings:kafka</c>.</summary>
    public const string KafkaConnectionName = "kafka";

    /// <summary>
    /// Registers <see cref="IEventLog"/>: on the brokers of <c>ConnectionStrings:kafka</c> where it is set, else on the PostgreSQL server of
    /// <c>ConnectionStrings:warehouse</c>, with its migrations and the care for its chunks. A second call does nothing.
    /// </summary>
    public static IServiceCollection AddEventLog(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configuration);
        if (services.Any(s => s.ServiceType == typeof(IEventLog)))
            return services;
        services.TryAddSingleton(TimeProvider.System);
        return configuration.GetConnectionString(KafkaConnectionName) is { } servers && !string.IsNullOrWhiteSpace(servers)
            ? services.AddKafkaLog(configuration, servers.Trim())
            : services.AddPostgresLog(configuration);
    }

    private static IServiceCollection AddKafkaLog(this IServiceCollection services, IConfiguration configuration, string servers)
    {
        services.AddOptions<KafkaLogOptions>().Bind(configuration.GetSection(KafkaLogOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<KafkaLogOptions>, KafkaLogOptionsValidator>();
        services.AddSingleton<IEventLog>(provider => new KafkaEventLog(
            servers, provider.GetRequiredService<IOptions<KafkaLogOptions>>(), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<KafkaEventLog>>()));
        return services;
    }

    private static IServiceCollection AddPostgresLog(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<PostgresLogOptions>().Bind(configuration.GetSection(PostgresLogOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<PostgresLogOptions>, PostgresLogOptionsValidator>();
        services.AddMigrations("eventlog", typeof(EventLogRegistration).Assembly);
        services.AddSingleton(provider => new PostgresEventLog(
            configuration.GetConnectionString(PostgresRegistration.ConnectionName)
                ?? throw new TerminalException($"ConnectionStrings:{PostgresRegistration.ConnectionName} is not set: the log needs a PostgreSQL server."),
            provider.GetRequiredService<IOptions<PostgresLogOptions>>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<PostgresEventLog>>()));
        services.AddHostedService<RetentionWorker>();
        services.AddSingleton<IEventLog>(provider => provider.GetRequiredService<PostgresEventLog>());
        return services;
    }
}
