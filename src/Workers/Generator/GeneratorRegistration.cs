using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Pipeline.ServiceDefaults.Access;

namespace Pipeline.Workers.Generator;

/// <summary>Registers the traffic generator in a host.</summary>
public static class GeneratorRegistration
{
    /// <summary>
    /// Adds the generator as a hosted service and <see cref="IGeneratorControl"/>. It starts when the host has started. Options come from the
    /// section <see cref="GeneratorOptions.Section"/>, then from <paramref name="configure"/>; they are validated at start.
    /// </summary>
    /// <param name="services">The host's services.</param>
    /// <param name="configuration">The host's configuration.</param>
    /// <param name="configure">Sets options in code, after configuration.</param>
    /// <param name="url">Finds the API's address once the host has started, where a free port was bound; null means the option.</param>
    public static IServiceCollection AddTrafficGenerator(
        this IServiceCollection services,
        IConfiguration configuration,
        Action<GeneratorOptions>? configure = null,
        Func<IServiceProvider, Uri?>? url = null)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var options = services.AddOptions<GeneratorOptions>().Bind(configuration.GetSection(GeneratorOptions.Section)).ValidateOnStart();
        options.Configure(o => o.Key ??= AccessOptions.OwnKey(configuration));
        if (configure is not null)
            options.Configure(configure);
        services.AddSingleton<IValidateOptions<GeneratorOptions>, Validator>();
        services.TryAddSingleton(TimeProvider.System);
        services.AddMetrics();
        services.AddSingleton(p => new GeneratorTarget(() => url?.Invoke(p)));
        services.AddSingleton(p => new TrafficGenerator(
            p.GetRequiredService<IOptions<GeneratorOptions>>().Value, p.GetRequiredService<TimeProvider>(),
            new GeneratorMetrics(p.GetRequiredService<IMeterFactory>())));
        services.AddSingleton<IGeneratorControl>(p => p.GetRequiredService<TrafficGenerator>());
        services.AddHostedService<GeneratorService>();
        return services;
    }

    private sealed class Validator : IValidateOptions<GeneratorOptions>
    {
        public ValidateOptionsResult Validate(string? name, GeneratorOptions options) =>
            options.Validate() is { Count: > 0 } failures
                ? ValidateOptionsResult.Fail(failures.Select(f => $"{GeneratorOptions.Section}: {f}"))
                : ValidateOptionsResult.Success;
    }
}
