using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.EventLog.Postgres;
using Pipeline.Postgres;

namespace Pipeline.EventLog;

/// <summary>Registers the log.</summary>
public static class EventLogRegistration
{
    /// <summary>The connection string that chooses Apache Kafka: <c>ConnectionStrings:kafka</c>.</summary>
    public const string KafkaConnectionName = "kafka";

    /// <summary>
    /// Registers <see cref="IEventLog"/> on the PostgreSQL server of <c>ConnectionStrings:warehouse</c>, its migrations and the care for its chunks.
    /// A second call does nothing.
    /// </summary>
    /// <exception cref="TerminalException"><c>ConnectionStrings:kafka</c> is set.</exception>
    public static IServiceCollection AddEventLog(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configuration);
        if (!string.IsNullOrWhiteSpace(configuration.GetConnectionString(KafkaConnectionName)))
        {
            throw new TerminalException(
                $"ConnectionStrings:{KafkaConnectionName} is set, but this build has no Kafka adapter yet: remove it to keep the log in PostgreSQL.");
        }

        if (services.Any(s => s.ServiceType == typeof(IEventLog)))
            return services;

        services.AddOptions<PostgresLogOptions>().Bind(configuration.GetSection(PostgresLogOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<PostgresLogOptions>, PostgresLogOptionsValidator>();
        services.TryAddSingleton(TimeProvider.System);
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
