using System.Reflection;
using FluentValidation;
using MediatR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Pipeline.ServiceDefaults.Mediation;

/// <summary>Registers MediatR, its behaviours and what the modules handle; called once, by the host.</summary>
public static class MediationExtensions
{
    private static readonly Type[] _handlerInterfaces = [typeof(IRequestHandler<,>), typeof(INotificationHandler<>), typeof(IValidator<>)];

    /// <summary>
    /// Adds one mediator with the behaviours telemetry and validation (in this order, outermost first), and the request handlers, notification handlers
    /// and validators of the assemblies. A second call adds only what the first one did not: hosts that share a process compose.
    /// </summary>
    public static IServiceCollection AddMediation(this IServiceCollection services, params Assembly[] modules)
    {
        services.TryAddScoped<ServiceFactory>(provider => provider.GetService!);
        services.TryAddScoped<IMediator, Mediator>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton(typeof(IPipelineBehavior<,>), typeof(TelemetryBehavior<,>)));
        services.TryAddEnumerable(ServiceDescriptor.Scoped(typeof(IPipelineBehavior<,>), typeof(ValidationBehavior<,>)));

        foreach (var type in modules.Distinct().SelectMany(m => m.GetTypes()).Where(t => t is { IsClass: true, IsAbstract: false, ContainsGenericParameters: false }))
        {
            foreach (var contract in type.GetInterfaces().Where(IsHandler))
                services.TryAddEnumerable(ServiceDescriptor.Describe(contract, type, ServiceLifetime.Scoped));
        }

        return services;
    }

    private static bool IsHandler(Type contract) => contract.IsGenericType && _handlerInterfaces.Contains(contract.GetGenericTypeDefinition());
}
