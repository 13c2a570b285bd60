using MediatR;
using Pipeline.Hosting;

namespace Pipeline.Workers.CommandLine;

/// <summary>The modules without anything that runs by itself: for commands that need no Pipeline that runs.</summary>
internal static class OfflineHost
{
    /// <summary>Sends one request.</summary>
    /// <param name="lake">Where the lake is; null where the request asks for nothing of it.</param>
    /// <param name="request">The request; one that needs PostgreSQL fails.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    public static async Task<T> SendAsync<T>(string? lake, IRequest<T> request, CancellationToken cancellationToken)
    {
        // Stores are named only because a host must name some: nothing is started.
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration["ConnectionStrings:warehouse"] = "Host=127.0.0.1";
        builder.Configuration["ConnectionStrings:lake"] = lake ?? Path.GetTempPath();
        builder.AddPipeline("pipeline");
        using var host = builder.Build();
        await using var scope = host.Services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<IMediator>().Send(request, cancellationToken);
    }
}
