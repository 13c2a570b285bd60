using System.Diagnostics;
using Pipeline.Console;
using Pipeline.Hosting;
using Pipeline.Lake;
using Pipeline.Postgres;
using Pipeline.ServiceDefaults.Access;
using Pipeline.Workers.Generator;
using Spectre.Console;

namespace Pipeline.AppHost;

/// <summary>
/// The embedded stack: API, workers and generator in this process, and a private PostgreSQL beside it. What is configured by connection string
/// (<c>ConnectionStrings:warehouse</c>, <c>ConnectionStrings:lake</c>) is used instead of the private one.
/// </summary>
internal static class EmbeddedStack
{
    public static async Task RunAsync(AppHostOptions options, IAnsiConsole console, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        Directory.CreateDirectory(options.DataDirectory);
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.WebHost.UseUrls(options.Url);
        ListeningAddresses.EnsureAllowed(builder.Configuration);
        builder.Logging.ClearProviders().AddProvider(new ConsoleLoggerProvider(console));
        if (string.IsNullOrWhiteSpace(builder.Configuration.GetConnectionString("lake")))
            builder.Configuration["ConnectionStrings:lake"] = Path.Combine(options.DataDirectory, "lake");
        if (builder.Configuration["Ingestion:DiskFolder"] is null)
            builder.Configuration["Ingestion:DiskFolder"] = options.DataDirectory;
        if (string.IsNullOrWhiteSpace(builder.Configuration["Lake:S3:CacheFolder"]))
            builder.Configuration["Lake:S3:CacheFolder"] = Path.Combine(options.DataDirectory, "lake-cache");

        using var bootLogging = LoggerFactory.Create(logging => logging.AddProvider(new ConsoleLoggerProvider(console)));
        await using var postgres = await PrivatePostgres.StartUnlessConfiguredAsync(
            builder.Configuration, new PrivatePostgresOptions { DataDirectory = options.DataDirectory }, bootLogging, TimeProvider.System, cancellationToken);

        builder.AddPipeline("pipeline");
        builder.AddPipelineWorkers();
        builder.Services.AddTrafficGenerator(builder.Configuration, generator =>
        {
            generator.Url = Reachable(options.Url);
            generator.Autostart = options.EventsPerSecond > 0;
            generator.EventsPerSecond = options.EventsPerSecond;
            generator.OrdersPerSecond = options.EventsPerSecond * AppHostOptions.OrdersPerEvent;
        });
        builder.Services.AddSingleton<ITrafficControl, TrafficControl>();
        builder.Services.AddSingleton(console);
        builder.Services.AddHostedService<StatusLine>();

        await using var app = builder.Build();
        app.MapPipeline();
        await app.StartAsync(cancellationToken);
        WriteBanner(console, app, options, postgres, Stopwatch.GetElapsedTime(started));
        await app.WaitForShutdownAsync(cancellationToken);
        console.WriteLine("Stopped.");
    }

    /// <summary>Where this machine reaches what listens on all of its addresses.</summary>
    private static Uri Reachable(string address)
    {
        var url = BindingAddress.Parse(address);
        var everywhere = url.Host is "*" or "+" or "0.0.0.0" or "[::]";
        return new UriBuilder(url.Scheme, everywhere ? "127.0.0.1" : url.Host, url.Port, url.PathBase).Uri;
    }

    private static void WriteBanner(IAnsiConsole console, WebApplication app, AppHostOptions options, PrivatePostgres? postgres, TimeSpan took)
    {
        var url = app.Urls.FirstOrDefault() ?? options.Url;
        console.WriteLine($"Pipeline is up after {took.TotalSeconds:0.0} s. Ctrl-C stops it.");
        console.WriteLine($"  console     {url}");
        console.WriteLine($"  API         {url}   (PUT /SendEvent, POST /PurchasedItems, GET /status, /openapi/v1.json)");
        console.WriteLine(AccessOptions.OwnKey(app.Configuration) is null
            ? "  access      from this machine only, without a key (Access__Keys__0=KEY sets one)"
            : "  access      with a key: Authorization: Bearer KEY, X-Api-Key: KEY, or a browser's login");
        console.WriteLine($"  data        {options.DataDirectory}");
        console.WriteLine($"  lake        {app.Services.GetRequiredService<IObjectStore>().Location}");
        console.WriteLine(postgres is null
            ? "  PostgreSQL  as configured in ConnectionStrings:warehouse"
            : $"  PostgreSQL  127.0.0.1:{postgres.Port}, process {postgres.ProcessId}{(postgres.Adopted ? " (taken over from a host that was killed)" : "")}, log {postgres.LogFile}");
        console.WriteLine(options.EventsPerSecond > 0
            ? $"  generator   {options.EventsPerSecond:0.##} events/s, {options.EventsPerSecond * AppHostOptions.OrdersPerEvent:0.##} orders/s (--generator off for none)"
            : "  generator   off");
    }
}
