using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Pipeline.Workflows.Tests.Kinds;

/// <summary>A server that answers as a test says.</summary>
internal sealed class TestWeb : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TestWeb(WebApplication app) => _app = app;

    public string Url => _app.Urls.First();

    /// <summary>The requests that came, as method, path, query and body.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    public static async Task<TestWeb> StartAsync(Func<HttpContext, Task> answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var web = new TestWeb(app);
        app.Run(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            var body = await reader.ReadToEndAsync();
            web.Requests.Enqueue($"{context.Request.Method} {context.Request.Path}{context.Request.QueryString}{(body.Length == 0 ? "" : " " + body)}");
            await answer(context);
        });
        await app.StartAsync();
        return web;
    }

    public static Task<TestWeb> StartAsync(Func<HttpRequest, string> json) => StartAsync(async context =>
    {
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(json(context.Request));
    });

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }
}
