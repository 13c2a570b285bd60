using Pipeline.Hosting;

namespace Pipeline.Workers;

/// <summary>The background host: consumers, refreshes and maintenance, with <c>/health</c>, <c>/alive</c> and <c>/status</c> for those who watch it.</summary>
internal static class WorkersHost
{
    /// <summary>Runs until the process is told to stop.</summary>
    /// <param name="args">Configuration in the form of ASP.NET Core's command line, for example <c>--urls http://127.0.0.1:5081</c>.</param>
    /// <param name="cancellationToken">Stops the host.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(string[] args, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.AddPipeline("workers");
        builder.AddPipelineWorkers();
        await using var app = builder.Build();
        app.UseExceptionHandler();
        app.MapStatus();
        await app.StartAsync(cancellationToken);
        await app.WaitForShutdownAsync(cancellationToken);
        return 0;
    }
}
