using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Pipeline.ServiceDefaults.Access;

/// <summary>Registers who may come in; part of the service defaults, so that every host has it.</summary>
public static class AccessRegistration
{
    /// <summary>Adds keys, the login, and the rule that a host without keys listens on loopback only.</summary>
    /// <exception cref="TerminalException">An address is configured that others can reach, and no key.</exception>
    public static IHostApplicationBuilder AddAccess(this IHostApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ListeningAddresses.EnsureAllowed(builder.Configuration);
        builder.Services.AddOptions<AccessOptions>().Bind(builder.Configuration.GetSection(AccessOptions.Section)).ValidateOnStart();
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<AccessOptions>, AccessOptionsValidator>());
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.TryAddSingleton<AccessKeys>();
        builder.Services.TryAddSingleton<AllowedHosts>();
        builder.Services.TryAddSingleton<LoginPage>();
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IStartupFilter, AccessMiddleware>());

        // Kestrel asks the transport that was added last.
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IConnectionListenerFactory, LoopbackTransport>());
        return builder;
    }
}
