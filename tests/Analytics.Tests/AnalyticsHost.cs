using MediatR;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;
using Pipeline.Analytics.Application;
using Pipeline.Analytics.Contracts;
using Pipeline.Analytics.Infrastructure.Lake;
using Pipeline.Lake;
using Pipeline.Postgres;
using Pipeline.ServiceDefaults.Mediation;

namespace Pipeline.Analytics.Tests;

/// <summary>The module as a host composes it: over a lake, and over a database where one is given.</summary>
internal sealed class AnalyticsHost : IAsyncDisposable
{
    private readonly ServiceProvider _provider;
    private readonly AsyncServiceScope _scope;

    private AnalyticsHost(ServiceProvider provider)
    {
        _provider = provider;
        _scope = provider.CreateAsyncScope();
    }

    public IMediator Mediator => _scope.ServiceProvider.GetRequiredService<IMediator>();

    public ILakeQuestions Lake => _provider.GetRequiredService<ILakeQuestions>();

    public OrderIndex Index => _provider.GetRequiredService<OrderIndex>();

    public IServiceProvider Services => _provider;

    public static AnalyticsHost Create(LakeCatalog lake, NpgsqlDataSource? database = null, AnalyticsOptions? options = null, TimeProvider? time = null) =>
        new(Add(new ServiceCollection(), lake, database, options, time).BuildServiceProvider(new ServiceProviderOptions { ValidateScopes = true }));

    public static async Task<AnalyticsHost> CreateAsync(
        LakeCatalog lake, NpgsqlDataSource database, AnalyticsOptions? options = null, TimeProvider? time = null)
    {
        await Migrator.MigrateAsync(database, "analytics", AnalyticsModule.Assembly, CancellationToken.None);
        return Create(lake, database, options, time);
    }

    public static IServiceCollection Add(
        IServiceCollection services, LakeCatalog lake, NpgsqlDataSource? database, AnalyticsOptions? options = null, TimeProvider? time = null)
    {
        services.AddLogging();
        services.AddSingleton(time ?? TimeProvider.System);
        services.AddSingleton<IOptions<AnalyticsOptions>>(new OptionsWrapper<AnalyticsOptions>(options ?? new AnalyticsOptions { Threads = 2 }));
        services.AddAnalytics(new ConfigurationBuilder().Build());
        services.AddMediation(AnalyticsModule.Assembly);
        services.AddSingleton(_ => lake);
        if (database is not null)
            services.AddSingleton(_ => database);
        return services;
    }

    public Task<RefreshResult> RefreshAsync(bool wait = true, CancellationToken cancellationToken = default) =>
        Mediator.Send(new RefreshRepeatPurchases(wait), cancellationToken);

    // The lake and the database are the caller's.
    public async ValueTask DisposeAsync()
    {
        await _scope.DisposeAsync();
        (Lake as IDisposable)?.Dispose();
        Index.Dispose();
        _provider.GetRequiredService<LakeEngine>().Dispose();
    }
}
