using System.Text;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Pipeline.DeadLetters.Contracts;
using Pipeline.EventLog;
using Pipeline.Ingestion;
using Pipeline.Ingestion.Contracts;
using Pipeline.Postgres;
using Pipeline.ServiceDefaults;
using Pipeline.ServiceDefaults.Mediation;
using Format = Pipeline.EventLog.DeadLetters;

namespace Pipeline.DeadLetters.Tests;

/// <summary>The module with ingestion and the real log, behind a real Kestrel: one process of a pipeline.</summary>
internal sealed class LetterHost : IAsyncDisposable
{
    public const string Dead = "UserEvents.dead";

    public const string DeadOrders = "PurchasedItem.dead";

    private readonly WebApplication _app;

    private LetterHost(WebApplication app)
    {
        _app = app;
        Http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
    }

    public HttpClient Http { get; }

    public IServiceProvider Services => _app.Services;

    public IEventLog Log => _app.Services.GetRequiredService<IEventLog>();

    public static async Task<LetterHost> StartAsync(string database, Action<IServiceCollection>? replace = null, Dictionary<string, string?>? settings = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Configuration["ConnectionStrings:warehouse"] = database;

        // What the tests expect does not depend on how busy the machine is.
        builder.Configuration["DeadLetters:CatchUpTime"] = "00:01:00";
        foreach (var (key, value) in settings ?? [])
            builder.Configuration[key] = value;
        builder.AddServiceDefaults("test");
        builder.Services.AddPostgres(builder.Configuration).AddEventLog(builder.Configuration).AddIngestion(builder.Configuration)
            .AddDeadLetters(builder.Configuration).AddMediation(IngestionModule.Assembly, DeadLettersModule.Assembly);
        replace?.Invoke(builder.Services);
        var app = builder.Build();
        app.UseExceptionHandler();
        app.MapDeadLetters();
        await app.StartAsync();
        return new LetterHost(app);
    }

    public static string Event(int number, string name = "AddedBasket") =>
        $$$"""{"UserId":"user-{{{number}}}","SessionId":"s-{{{number}}}","EventName":"{{{name}}}","TimeStamp":"2026-01-20T10:15:30Z","Attributes":{"ProductId":"p-5","Price":19.99,"Discount":2.5}}""";

    public static string Order(int number) =>
        $$"""{"SessionId":"s-{{number}}","TimeStamp":"2026-01-20T10:20:00.25+02:00","UserId":"user-17","TotalPrice":34.98,"OrderId":"o-{{number}}","Products":[{"ProductId":"p-5","ItemCount":2,"ItemPrice":19.99,"ItemDiscount":2.5}],"PaymentType":"CreditCard"}""";

    public async Task<T> SendAsync<T>(IRequest<T> request)
    {
        await using var scope = _app.Services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<IMediator>().Send(request);
    }

    public Task<ReplayReport> ReplayAllAsync() => SendAsync(new ReplayDeadLetters(Filter: new DeadLetterFilter(), By: "test", Note: "again"));

    /// <summary>Puts records aside, as the sinks do: as if they had been in the source topic from an offset on.</summary>
    public async Task AddAsync(IEnumerable<string> payloads, string topic = Topics.UserEvents, string reason = "TimeStamp is not a string.", long from = 0, RecordHeader? header = null)
    {
        var letters = new List<NewRecord>();
        foreach (var payload in payloads)
        {
            var headers = new List<RecordHeader>
            {
                new(Format.ReasonHeader, Encoding.UTF8.GetBytes(reason)),
                new(Format.SourceHeader, Encoding.UTF8.GetBytes($"{topic}/1/{from++}")),
            };
            if (header is { } more)
                headers.Add(more);
            letters.Add(new NewRecord(Encoding.UTF8.GetBytes("key"), Encoding.UTF8.GetBytes(payload), headers.ToArray()));
        }

        await Log.AppendAsync(Format.TopicOf(topic), letters.ToArray(), new RecordPosition[letters.Count]);
    }

    /// <summary>All payloads of a topic, in no order.</summary>
    public async Task<List<string>> PayloadsAsync(string topic)
    {
        var payloads = new List<string>();
        foreach (var partition in (await Log.GetTopicsAsync()).Single(t => t.Name == topic).Partitions)
        {
            for (var next = partition.StartOffset; next < partition.EndOffset;)
            {
                using var batch = await Log.ReadAsync(topic, partition.Partition, next);
                foreach (var record in batch)
                    payloads.Add(Encoding.UTF8.GetString(record.Value));
                next = batch.NextOffset;
            }
        }

        payloads.Sort(StringComparer.Ordinal);
        return payloads;
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
