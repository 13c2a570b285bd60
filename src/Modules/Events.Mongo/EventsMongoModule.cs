using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using MongoDB.Driver;
using Pipeline.Events.Application;

namespace Pipeline.Events.Mongo;

/// <summary>Keeps user events and their counts in MongoDB where <c>ConnectionStrings:mongo</c> names a database.</summary>
public static class EventsMongoModule
{
    /// <summary>
    /// Registers the store and its health check <c>mongo</c> where <c>ConnectionStrings:mongo</c> is set; else it does nothing, and user events are kept in PostgreSQL.
    /// Call it before <see cref="EventsModule.AddEvents"/>.
    /// </summary>
    /// <exception cref="TerminalException">The connection string is none, or names no database.</exception>
    public static IServiceCollection AddEventsInMongo(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configuration);
        var text = configuration.GetConnectionString(EventsModule.MongoConnectionName);
        if (string.IsNullOrWhiteSpace(text) || services.Any(s => s.ServiceType == typeof(MongoEvents)))
            return services;
        var connection = MongoConnection.Parse(text);
        services.AddOptions<MongoOptions>().Bind(configuration.GetSection(MongoOptions.Section)).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<MongoOptions>, MongoOptionsValidator>());
        services.TryAddSingleton(TimeProvider.System);

        // Made, and so disposed of, by the container.
        services.AddSingleton<IMongoClient>(_ => new MongoClient(connection.Settings));
        services.AddSingleton(provider => new MongoEvents(provider.GetRequiredService<IMongoClient>().GetDatabase(connection.Database)));
        services.AddSingleton<IUserEventStore, MongoUserEventStore>();
        services.AddHealthChecks().AddCheck<MongoHealthCheck>("mongo");
        return services;
    }
}
