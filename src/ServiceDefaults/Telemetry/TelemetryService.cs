using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Pipeline.ServiceDefaults.Telemetry;

/// <summary>Holds the trace and metric providers from before the first hosted service starts until after the last one stopped.</summary>
internal sealed class TelemetryService(TelemetryResource resource) : IHostedLifecycleService, IDisposable
{
    /// <summary>The platform's and the modules' sources and meters all begin with this.</summary>
    private const string OwnSources = "Pipeline.*";

    private static readonly string[] _frameworkSources = ["Microsoft.AspNetCore", "System.Net.Http", "Npgsql"];

    private static readonly string[] _frameworkMeters =
        ["Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Net.Http", "System.Runtime", "Npgsql"];

    private TracerProvider? _traces;
    private MeterProvider? _metrics;

    public Task StartingAsync(CancellationToken cancellationToken)
    {
        _traces = Sdk.CreateTracerProviderBuilder()
            .SetResourceBuilder(resource.Builder)
            .AddSource(OwnSources)
            .AddSource(_frameworkSources)
            .AddOtlpExporter()
            .Build();
        _metrics = Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(resource.Builder)
            .AddMeter(OwnSources)
            .AddMeter(_frameworkMeters)
            .AddOtlpExporter()
            .Build();
        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken)
    {
        _traces?.ForceFlush(FlushMilliseconds);
        _metrics?.ForceFlush(FlushMilliseconds);
        return Task.CompletedTask;
    }

    public void Dispose()
    {
        _traces?.Dispose();
        _metrics?.Dispose();
    }

    /// <summary>A collector that is away must not keep the host from stopping in time.</summary>
    private const int FlushMilliseconds = 1000;
}
