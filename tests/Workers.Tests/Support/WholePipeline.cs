using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Pipeline.Hosting;
using Pipeline.Testing;

namespace Pipeline.Workers.Tests;

/// <summary>All modules and their workers behind Kestrel, as the AppHost runs them: what commands talk to.</summary>
internal sealed class WholePipeline : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly TempDirectory _lake;

    private WholePipeline(WebApplication app, TempDirectory lake)
    {
        _app = app;
        _lake = lake;
    }

    public Uri Url => new(_app.Urls.First());

    public string Lake => _lake.FullPath;

    /// <param name="connectionString">The warehouse.</param>
    /// <param name="workflows">The folder of workflows; none by default.</param>
    public static async Task<WholePipeline> StartAsync(string connectionString, string? workflows = null)
    {
        var lake = new TempDirectory();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(o => o.Listen(IPAddress.Loopback, 0));
        builder.Configuration["ConnectionStrings:warehouse"] = connectionString;
        builder.Configuration["ConnectionStrings:lake"] = lake.FullPath;
        builder.Configuration["Purchases:CommitInterval"] = "00:00:00.100";
        builder.Configuration["Workflows:Folder"] = workflows ?? Path.Combine(lake.FullPath, "no-workflows");
        builder.AddPipeline("test");
        builder.AddPipelineWorkers();
        var app = builder.Build();
        app.MapPipeline();
        await app.StartAsync();
        return new WholePipeline(app, lake);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        _lake.Dispose();
    }
}
