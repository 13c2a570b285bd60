using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Pipeline.Lake;

/// <summary>Registers the lake.</summary>
public static class LakeServices
{
    /// <summary>
    /// Adds <see cref="LakeCatalog"/> and <see cref="IObjectStore"/> on what the connection string <c>lake</c> names: a folder, absolute or relative to the
    /// working folder, also as a <c>file:</c> URI; or a bucket, see <see cref="ObjectStores"/>.
    /// </summary>
    public static IServiceCollection AddLake(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        services.TryAddSingleton(TimeProvider.System);
        services.AddOptions<LakeOptions>().Bind(configuration.GetSection(LakeOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<LakeOptions>>(new LakeOptionsValidator(configuration.GetConnectionString(LakeOptions.ConnectionStringName)));
        services.AddSingleton(provider => ObjectStores.Open(
            configuration.GetConnectionString(LakeOptions.ConnectionStringName),
            provider.GetRequiredService<TimeProvider>(),
            configuration.GetSection(LakeOptions.Section).Get<LakeOptions>(),
            provider.GetRequiredService<ILoggerFactory>().CreateLogger<IObjectStore>()));
        services.AddSingleton(provider => new LakeCatalog(
            provider.GetRequiredService<IObjectStore>(),
            provider.GetRequiredService<IOptions<LakeOptions>>().Value,
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<LakeCatalog>>()));
        return services;
    }
}

/// <summary>Reports every fault of the options and of the connection string at once.</summary>
internal sealed class LakeOptionsValidator(string? connectionString) : IValidateOptions<LakeOptions>
{
    public ValidateOptionsResult Validate(string? name, LakeOptions options)
    {
        List<string> faults = [.. options.Faults(), .. ObjectStores.Faults(connectionString, options)];
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}
