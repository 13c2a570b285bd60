using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Pipeline.EventLog;
using Pipeline.Ingestion;
using Pipeline.Ingestion.Contracts;
using Pipeline.Postgres;
using Pipeline.ServiceDefaults;
using Pipeline.ServiceDefaults.Mediation;

namespace Pipeline.Workers.Tests;

/// <summary>The ingestion module behind Kestrel, on the real log: what the generator is made for.</summary>
internal sealed class RealApi : IAsyncDisposable
{
    private readonly WebApplication _app;

    private RealApi(WebApplication app) => _app = app;

    public Uri Url => new(_app.Urls.First());

    public static async Task<RealApi> StartAsync(string connectionString)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(o => o.Listen(IPAddress.Loopback, 0));
        builder.Configuration["ConnectionStrings:warehouse"] = connectionString;
        builder.Configuration["Ingestion:TotalPriceRule"] = "net";
        builder.AddServiceDefaults("test");
        builder.Services.AddPostgres(builder.Configuration).AddEventLog(builder.Configuration).AddIngestion(builder.Configuration);
        builder.Services.AddMediation(IngestionModule.Assembly);
        var app = builder.Build();
        app.UseExceptionHandler();
        app.MapIngestion();
        await app.StartAsync();
        return new RealApi(app);
    }

    /// <summary>The payloads of a topic, and how many were marked for a total that breaks the rule.</summary>
    public async Task<(List<string> Payloads, int Marked)> ReadAsync(string topic)
    {
        var log = _app.Services.GetRequiredService<IEventLog>();
        var payloads = new List<string>();
        var marked = 0;
        foreach (var partition in (await log.GetTopicsAsync()).Single(t => t.Name == topic).Partitions)
        {
            for (var offset = 0L; offset < partition.EndOffset;)
            {
                using var batch = await log.ReadAsync(topic, partition.Partition, offset);
                foreach (var record in batch)
                {
                    payloads.Add(Encoding.UTF8.GetString(record.Value));
                    marked += record.TryGetHeader(RecordHeaders.TotalPriceExpectedUtf8, out _) ? 1 : 0;
                }

                offset = batch.NextOffset;
            }
        }

        return (payloads, marked);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
