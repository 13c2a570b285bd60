using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Pipeline.ServiceDefaults.Telemetry;

/// <summary>Holds the trace and metric providers from before the first hosted service starts until after the last one stopped.</summary>
/// <remarks>What the host is configured by, the exporters are: a settings file counts as much as the environment.</remarks>
internal sealed class TelemetryService(TelemetryResource resource, LoggerProvider logs, IConfiguration configuration) : IHostedLifecycleService, IDisposable
{
    /// <summary>The platform's and the modules' sources and meters all begin with this.</summary>
    private const string OwnSources = "Pipeline.*";

    /// <summary>The three end side by side, each within this.</summary>
    private const int FlushMilliseconds = 2000;

    private static readonly string[] _frameworkSources = ["Microsoft.AspNetCore", "System.Net.Http", "Npgsql", "MongoDB.Driver"];

    private static readonly string[] _frameworkMeters =
        ["Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Net.Http", "System.Runtime", "Npgsql"];

    private TracerProvider? _traces;
    private MeterProvider? _metrics;

    public Task StartingAsync(CancellationToken cancellationToken)
    {
        _traces = Sdk.CreateTracerProviderBuilder()
            .ConfigureServices(services => services.AddSingleton(configuration))
            .SetResourceBuilder(resource.Builder)
            .AddSource(OwnSources)
            .AddSource(_frameworkSources)
            .AddOtlpExporter()
            .Build();
        _metrics = Sdk.CreateMeterProviderBuilder()
            .ConfigureServices(services => services.AddSingleton(configuration))
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

    /// <summary>Sends what waits. What a collector does not take in time is dropped, for it must not keep the host from stopping.</summary>
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.WhenAll(
        Task.Run(() => _traces?.Shutdown(FlushMilliseconds), CancellationToken.None),
        Task.Run(() => _metrics?.Shutdown(FlushMilliseconds), CancellationToken.None),
        Task.Run(() => logs.Shutdown(FlushMilliseconds), CancellationToken.None));

    public void Dispose()
    {
        _traces?.Dispose();
        _metrics?.Dispose();
    }
}
