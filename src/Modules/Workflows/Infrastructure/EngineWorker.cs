using Microsoft.Extensions.Hosting;
using Pipeline.Workflows.Application.Engine;

namespace Pipeline.Workflows.Infrastructure;

/// <summary>Runs the engine in the host.</summary>
internal sealed class EngineWorker(WorkflowEngine engine) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.Run(() => engine.RunAsync(stoppingToken), CancellationToken.None);
}
