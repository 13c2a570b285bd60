using System.Net.Http.Json;
using System.Text;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Pipeline.Hosting;
using Pipeline.Testing;

namespace Pipeline.Observability.Tests;

/// <summary>The whole pipeline in this process on a real PostgreSQL and a lake in a folder: API and workers, quick to land and to refresh.</summary>
public sealed class PipelineHost : IAsyncLifetime, IDisposable
{
    /// <summary>The tests of one host run one after the other: listeners hear all of their process.</summary>
    public const string Collection = "Host";

    private readonly PostgresFixture _postgres = new();
    private readonly TempDirectory _folder = new();
    private WebApplication? _app;

    public HttpClient Http { get; private set; } = null!;

    public IServiceProvider Services => _app!.Services;

    public static string Order(string orderId, string userId = "ada") =>
        $$"""{"SessionId":"s-1","TimeStamp":"2026-01-31T10:20:00Z","UserId":"{{userId}}","TotalPrice":20,"OrderId":"{{orderId}}","PaymentType":"PayPal","Products":[{"ProductId":"p-1","ItemCount":2,"ItemPrice":10,"ItemDiscount":0}]}""";

    public static string Event(string userId) =>
        $$$"""{"UserId":"{{{userId}}}","SessionId":"s-1","EventName":"AddedBasket","TimeStamp":"2026-01-31T10:15:30Z","Attributes":{"ProductId":"p-1","Price":10,"Discount":0}}""";

    public async Task InitializeAsync()
    {
        await _postgres.InitializeAsync();
        var workflow = Directory.CreateDirectory(Path.Combine(_folder.FullPath, "workflows", "broken"));
        await File.WriteAllTextAsync(Path.Combine(workflow.FullName, "workflow.yaml"), "description: It fails.\ntasks:\n  fails:\n    sql: { query: \"SELECT error('on purpose')\" }\n");
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseKestrel().UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["ConnectionStrings:warehouse"] = await _postgres.CreateDatabaseAsync(),
            ["ConnectionStrings:lake"] = Path.Combine(_folder.FullPath, "lake"),
            ["Workflows:Folder"] = Path.Combine(_folder.FullPath, "workflows"),
            ["Purchases:CommitInterval"] = "00:00:00.300",
            ["Analytics:MinRefreshInterval"] = "00:00:01",
            ["Observability:TracesPerSecond"] = "100",
            ["Observability:TableInterval"] = "00:00:01",
        });
        builder.AddPipeline("tests");
        builder.AddPipelineWorkers();
        _app = builder.Build();
        _app.MapPipeline();
        await _app.StartAsync();
        Http = new HttpClient { BaseAddress = new Uri(_app.Urls.First()) };
    }

    public async Task DisposeAsync()
    {
        if (_app is not null)
            await _app.DisposeAsync();
        await _postgres.DisposeAsync();
    }

    public void Dispose()
    {
        Http?.Dispose();
        _folder.Dispose();
    }

    public async Task<T> SendAsync<T>(IRequest<T> request)
    {
        await using var scope = Services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<IMediator>().Send(request);
    }

    public async Task<HttpResponseMessage> PostAsync(string path, string json, string? traceParent = null) => await SendAsync(HttpMethod.Post, path, json, traceParent);

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string json, string? traceParent = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
        if (traceParent is not null)
            request.Headers.Add("traceparent", traceParent);
        return await Http.SendAsync(request);
    }

    public Task<T?> GetAsync<T>(string path) => Http.GetFromJsonAsync<T>(path);
}

[CollectionDefinition(PipelineHost.Collection)]
public sealed class PipelineHostCollection : ICollectionFixture<PipelineHost>;
