using System.Reflection;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Pipeline.Purchases.Application;
using Pipeline.Purchases.Infrastructure;

namespace Pipeline.Purchases;

/// <summary>Lands orders from topic <c>PurchasedItem</c> in the Delta table <see cref="Contracts.PurchasedItemsTable"/>, each once.</summary>
public static class PurchasesModule
{
    /// <summary>The assembly whose handlers the host registers.</summary>
    public static Assembly Assembly => typeof(PurchasesModule).Assembly;

    /// <summary>Adds the module: settings and the table. The host adds the event log, the lake and MediatR.</summary>
    public static IServiceCollection AddPurchases(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<PurchasesOptions>().Bind(configuration.GetSection(PurchasesOptions.Section)).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<PurchasesOptions>, PurchasesOptionsValidator>());
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<DeadLetterWriter>();
        services.TryAddSingleton<LandingEngine>();
        services.TryAddSingleton<IPurchaseTable, PurchaseTable>();
        return services;
    }

    /// <summary>Adds the consumer that lands orders and the table's maintenance; after <see cref="AddPurchases"/>.</summary>
    public static IServiceCollection AddPurchasesWorkers(this IServiceCollection services)
    {
        services.TryAddSingleton<LandingSink>();
        services.AddHostedService<LandingConsumer>();
        services.AddHostedService<TableMaintenance>();
        return services;
    }
}
