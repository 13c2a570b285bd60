using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using Pipeline.Lake;
using Pipeline.Postgres;
using Pipeline.ServiceDefaults;
using Pipeline.ServiceDefaults.Mediation;
using Pipeline.Testing;
using Pipeline.Workflows.Application;
using Pipeline.Workflows.Infrastructure.Http;

namespace Pipeline.Workflows.Tests.Engine;

/// <summary>An API with a worker in one process, as the AppHost has it, with a catalog and a kind of the test's.</summary>
internal sealed class ApiHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly HttpClient _client;
    private readonly TempDirectory _lake;

    private ApiHost(WebApplication app, TempDirectory lake)
    {
        _app = app;
        _lake = lake;
        _client = new HttpClient { BaseAddress = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()) };
    }

    public FakeCatalog Catalog => (FakeCatalog)_app.Services.GetRequiredService<IWorkflowCatalog>();

    public FakeKind Kind => (FakeKind)_app.Services.GetRequiredService<ITaskKind>();

    public NpgsqlDataSource Database => _app.Services.GetRequiredService<NpgsqlDataSource>();

    public static async Task<ApiHost> StartAsync(string connectionString)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.AddServiceDefaults("test");
        builder.Logging.ClearProviders();
        builder.Configuration["ConnectionStrings:warehouse"] = connectionString;
        var lake = new TempDirectory();
        builder.Configuration["ConnectionStrings:lake"] = lake.FullPath;
        builder.Configuration["urls"] = "http://127.0.0.1:0";
        builder.Services.AddSingleton<IWorkflowCatalog, FakeCatalog>();
        builder.Services.AddSingleton<ITaskKind, FakeKind>();
        builder.Services.AddPostgres(builder.Configuration).AddLake(builder.Configuration).AddEngine(builder.Configuration).AddEngineWorkers().AddMediation(WorkflowsModule.Assembly);
        var app = builder.Build();
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        WorkflowEndpoints.Map(app);
        await app.StartAsync();
        return new ApiHost(app, lake);
    }

    public async Task<(HttpStatusCode Status, JsonNode Body, HttpResponseMessage Response)> GetAsync(string path) => await ReadAsync(await _client.GetAsync(new Uri(path, UriKind.Relative)));

    public async Task<(HttpStatusCode Status, JsonNode Body, HttpResponseMessage Response)> PostAsync(string path, string? body = null)
    {
        using var content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
        return await ReadAsync(await _client.PostAsync(new Uri(path, UriKind.Relative), content));
    }

    /// <summary>Waits for a run's end as a client of the API does.</summary>
    public async Task<JsonNode> EndOfAsync(long run)
    {
        return await Eventually.ResultAsync(async () =>
        {
            var (_, body, _) = await GetAsync($"/runs/{run}");
            return (string)body["Run"]!["State"]! is "queued" or "running" ? null : body;
        });
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        _lake.Dispose();
    }

    private static async Task<(HttpStatusCode Status, JsonNode Body, HttpResponseMessage Response)> ReadAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        try
        {
            return (response.StatusCode, JsonNode.Parse(text)!, response);
        }
        catch (JsonException e)
        {
            throw new InvalidOperationException($"{response.StatusCode}: {text}", e);
        }
    }
}
