using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Pipeline.DuckDb;
using Pipeline.Lake;
using Pipeline.Postgres;
using Pipeline.Query.Contracts;
using Pipeline.ServiceDefaults;
using Pipeline.ServiceDefaults.Mediation;
using Pipeline.Testing;

namespace Pipeline.Query.Tests;

/// <summary>The module behind a real Kestrel, on a lake and a PostgreSQL of its own.</summary>
internal sealed class QueryHost : IAsyncDisposable
{
    private readonly TempDirectory _directory;
    private readonly WebApplication _app;

    private QueryHost(TempDirectory directory, WebApplication app)
    {
        _directory = directory;
        _app = app;
        Http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
    }

    public HttpClient Http { get; }

    public IServiceProvider Services => _app.Services;

    public LakeCatalog Lake => _app.Services.GetRequiredService<LakeCatalog>();

    public string Folder => _directory.FullPath;

    public string Notebooks => _directory.Path("notebooks");

    public static async Task<QueryHost> StartAsync(
        string? warehouse = null, Dictionary<string, string?>? settings = null, Action<IServiceCollection>? replace = null)
    {
        var directory = new TempDirectory();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Configuration["ConnectionStrings:warehouse"] = warehouse ?? "Host=127.0.0.1;Port=1;Username=nobody;Password=nothing;Timeout=1";
        builder.Configuration["ConnectionStrings:lake"] = directory.Path("lake");
        builder.Configuration["Query:Notebooks"] = directory.Path("notebooks");
        foreach (var (key, value) in settings ?? [])
            builder.Configuration[key] = value;
        builder.AddServiceDefaults("test");
        builder.Services.AddPostgres(builder.Configuration).AddLake(builder.Configuration).AddQuery(builder.Configuration).AddMediation(QueryModule.Assembly);
        replace?.Invoke(builder.Services);
        var app = builder.Build();
        app.UseExceptionHandler();
        app.MapQuery();
        await app.StartAsync();
        return new QueryHost(directory, app);
    }

    public async Task<T> SendAsync<T>(IRequest<T> request, CancellationToken cancellationToken = default)
    {
        await using var scope = _app.Services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<IMediator>().Send(request, cancellationToken);
    }

    public async Task<SqlResult> RunAsync(
        string sql, QueryEngine engine = QueryEngine.Lake, Dictionary<string, object?>? parameters = null, int maxRows = RunSql.DefaultMaxRows) =>
        await SqlResult.ReadAsync(await SendAsync(new RunSql(engine, sql, parameters, maxRows)));

    /// <summary>The rows as text, columns divided by a bar; fails where the statement did.</summary>
    public async Task<List<string>> RowsAsync(string sql, QueryEngine engine = QueryEngine.Lake, Dictionary<string, object?>? parameters = null)
    {
        var result = await RunAsync(sql, engine, parameters);
        Assert.Null(result.Error);
        return [.. result.Rows.Select(r => string.Join('|', r.Select(v => v ?? "NULL")))];
    }

    public async Task<SqlError> ErrorAsync(string sql, QueryEngine engine = QueryEngine.Lake, Dictionary<string, object?>? parameters = null)
    {
        var result = await RunAsync(sql, engine, parameters);
        return result.Error ?? throw new InvalidOperationException($"{sql} ran: {string.Join('\n', result.Rows.Select(r => string.Join('|', r)))}");
    }

    /// <summary>Makes a table of the lake, or replaces its rows.</summary>
    public async Task TableAsync(string path, string select)
    {
        using var database = DuckDatabase.Open();
        using var connection = database.Connect();
        var table = Lake.Table(path);
        await table.CreateIfNotExistsAsync(new DeltaTableDefinition { Schema = DeltaSchema.OfQuery(connection, select) });
        var files = await table.WriteFilesAsync(connection, select);
        await table.AppendAsync(new DeltaAppend { Files = files.Files });
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        _directory.Dispose();
    }
}
