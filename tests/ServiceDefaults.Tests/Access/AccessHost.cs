using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace Pipeline.ServiceDefaults.Tests.Access;

/// <summary>A host with the service defaults and one route, <c>/thing</c>.</summary>
internal sealed class AccessHost : IAsyncDisposable
{
    public const string Key = "correct-horse-battery-staple";

    private readonly WebApplication _app;

    private AccessHost(WebApplication app)
    {
        _app = app;
        Http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = new Uri(app.Urls.First()) };
    }

    public HttpClient Http { get; }

    public static async Task<AccessHost> StartAsync(params (string Name, string Value)[] settings)
    {
        var app = Build(null, settings);
        await app.StartAsync();
        return new AccessHost(app);
    }

    /// <summary>A host that is not started.</summary>
    public static WebApplication Build(Action<WebApplicationBuilder>? configure, params (string Name, string Value)[] settings)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Configuration.AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Name, (string?)s.Value)));
        configure?.Invoke(builder);
        builder.AddServiceDefaults("access");
        var app = builder.Build();
        app.MapHealth();
        app.MapMethods("/thing", ["GET", "PUT", "POST", "DELETE"], () => "done");
        return app;
    }

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return await Http.SendAsync(request);
    }

    public async Task<HttpStatusCode> StatusAsync(HttpMethod method, string path, params (string Name, string Value)[] headers)
    {
        using var response = await SendAsync(method, path, headers);
        return response.StatusCode;
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.DisposeAsync();
    }
}
