using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Pipeline.EventLog;
using Pipeline.Postgres;
using Pipeline.ServiceDefaults;
using Pipeline.ServiceDefaults.Mediation;

namespace Pipeline.Ingestion.Tests;

/// <summary>The module behind a real Kestrel, on the real log.</summary>
internal sealed class IngestionApi : IAsyncDisposable
{
    private readonly WebApplication _app;

    private IngestionApi(WebApplication app)
    {
        _app = app;
        Http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
    }

    public HttpClient Http { get; }

    public IEventLog Log => _app.Services.GetRequiredService<IEventLog>();

    public IServiceProvider Services => _app.Services;

    public static async Task<IngestionApi> StartAsync(
        string connectionString, Dictionary<string, string?>? settings = null, Action<IServiceCollection>? replace = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0").ConfigureKestrel(kestrel => kestrel.Limits.MinRequestBodyDataRate = null);
        builder.Configuration["ConnectionStrings:warehouse"] = connectionString;
        foreach (var (key, value) in settings ?? [])
            builder.Configuration[key] = value;
        builder.AddServiceDefaults("test");
        builder.Services.AddPostgres(builder.Configuration).AddEventLog(builder.Configuration).AddIngestion(builder.Configuration).AddMediation(IngestionModule.Assembly);
        replace?.Invoke(builder.Services);
        var app = builder.Build();
        app.UseExceptionHandler();
        app.MapIngestion();
        await app.StartAsync();
        return new IngestionApi(app);
    }

    public Task<HttpResponseMessage> PutAsync(string body, string? key = null, string path = "/SendEvent", string contentType = "application/json") =>
        SendAsync(HttpMethod.Put, path, Content(body, contentType), key);

    public Task<HttpResponseMessage> PostAsync(string body, string? key = null, string path = "/PurchasedItems", string contentType = "application/json") =>
        SendAsync(HttpMethod.Post, path, Content(body, contentType), key);

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, HttpContent content, string? key = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        if (key is not null)
            request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        return await Http.SendAsync(request);
    }

    public async Task<long> CountAsync(string topic) => (await Log.GetTopicsAsync()).Single(t => t.Name == topic).Partitions.Sum(p => p.EndOffset);

    public static async Task<JsonNode> JsonAsync(HttpResponseMessage response) => JsonNode.Parse(await response.Content.ReadAsStringAsync())!;

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private static ByteArrayContent Content(string body, string contentType)
    {
        var content = new ByteArrayContent(Samples.Utf8(body));
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        return content;
    }
}
