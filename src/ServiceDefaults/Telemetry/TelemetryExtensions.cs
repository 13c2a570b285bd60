using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Logs;
using OpenTelemetry.Resources;

namespace Pipeline.ServiceDefaults.Telemetry;

/// <summary>OpenTelemetry for every host: traces, metrics and logs, sent by OTLP when an endpoint is configured.</summary>
public static class TelemetryExtensions
{
    /// <summary>The standard variable that turns the export on.</summary>
    public const string EndpointVariable = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>
    /// Sends traces, metrics and logs to <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> where it is set (protocol, headers and resource attributes by the other
    /// standard <c>OTEL_*</c> variables). Without it nothing is sent.
    /// </summary>
    /// <param name="builder">The host to observe.</param>
    /// <param name="serviceName">The service's name unless <c>OTEL_SERVICE_NAME</c> gives one.</param>
    public static IHostApplicationBuilder AddTelemetry(this IHostApplicationBuilder builder, string serviceName)
    {
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IStartupFilter, RequestSpans>());
        if (string.IsNullOrWhiteSpace(builder.Configuration[EndpointVariable]))
            return builder;

        // Method and path of the request; RequestSpans adds the rest.
        AppContext.SetSwitch("Microsoft.AspNetCore.Hosting.SuppressActivityOpenTelemetryData", false);
        var resource = CreateResource(serviceName);
        builder.Services.TryAddSingleton(new TelemetryResource(resource));
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, TelemetryService>());
        builder.Logging.AddOpenTelemetry(options =>
        {
            options.IncludeScopes = true;
            options.IncludeFormattedMessage = true;
            options.SetResourceBuilder(resource);
            options.AddOtlpExporter();
        });
        return builder;
    }

    private static ResourceBuilder CreateResource(string serviceName) =>
        ResourceBuilder.CreateDefault().AddService(serviceName, serviceNamespace: "pipeline").AddTelemetrySdk().AddEnvironmentVariableDetector();
}

/// <summary>What the telemetry says of the process that sends it.</summary>
internal sealed record TelemetryResource(ResourceBuilder Builder);
