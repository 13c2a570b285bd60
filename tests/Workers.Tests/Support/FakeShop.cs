using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Pipeline.Workers.Tests;

/// <summary>How the shop answers a request.</summary>
internal sealed record Answer(int Status = 202, string? RetryAfter = null, string? Problem = null, bool Append = false, bool Abort = false, Task? After = null)
{
    public static readonly Answer Accepted = new(Append: true);

    /// <summary>Takes the records, then the connection breaks before the answer.</summary>
    public static readonly Answer TakenThenReset = new(Append: true, Abort: true);

    public static readonly Answer Reset = new(Abort: true);

    public static Answer Throttled(string retryAfter) => new(429, RetryAfter: retryAfter);

    /// <summary>Does not answer before the task completes.</summary>
    public static Answer When(Task task, bool append = true) => new(Append: append, After: task);
}

/// <summary>A request as it came in; Attempt counts those with its key, from 1.</summary>
internal sealed record Received(string Method, string Path, string Key, string Body, int Attempt, string? TraceParent, string? ContentType, string? Authorization = null)
{
    public int Records => Body.StartsWith('[') ? JsonDocument.Parse(Body).RootElement.GetArrayLength() : 1;
}

/// <summary>A small HTTP server that answers as scripted and, as the API does, appends what comes with one key once.</summary>
internal sealed class FakeShop : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Func<Received, Answer> _answer;
    private readonly ConcurrentDictionary<string, int> _attempts = new();
    private readonly ConcurrentDictionary<string, string> _appended = new();
    private readonly Channel<Received> _arrivals = Channel.CreateUnbounded<Received>();
    private readonly ConcurrentQueue<Received> _all = new();

    private FakeShop(WebApplication app, Func<Received, Answer> answer)
    {
        _app = app;
        _answer = answer;
    }

    public Uri Url => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    /// <summary>All requests so far, repeats included.</summary>
    public IReadOnlyCollection<Received> Requests => _all;

    /// <summary>Bodies appended, by key.</summary>
    public IReadOnlyDictionary<string, string> Appended => _appended;

    /// <summary>Keys that came with more than one body.</summary>
    public IEnumerable<string> KeysWithTwoBodies => _all.GroupBy(r => r.Key).Where(g => g.Select(r => r.Body).Distinct().Count() > 1).Select(g => g.Key);

    /// <summary>Bodies that came under more than one key.</summary>
    public IEnumerable<string> BodiesWithTwoKeys => _all.GroupBy(r => r.Body).Where(g => g.Select(r => r.Key).Distinct().Count() > 1).Select(g => g.Key);

    public static async Task<FakeShop> StartAsync(Func<Received, Answer>? answer = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(o => o.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        var shop = new FakeShop(app, answer ?? (_ => Answer.Accepted));
        app.MapPut("/SendEvent", shop.HandleAsync);
        app.MapPost("/PurchasedItems", shop.HandleAsync);
        await app.StartAsync();
        return shop;
    }

    /// <summary>The next request that arrives, or that arrived and was not taken here yet.</summary>
    public async Task<Received> NextAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        return await _arrivals.Reader.ReadAsync(patience.Token);
    }

    public async Task<IReadOnlyList<Received>> NextAsync(int count)
    {
        var arrived = new List<Received>();
        while (arrived.Count < count)
            arrived.Add(await NextAsync());
        return arrived;
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private async Task HandleAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync();
        var key = context.Request.Headers["Idempotency-Key"].ToString();
        var received = new Received(
            context.Request.Method, context.Request.Path, key, body, _attempts.AddOrUpdate(key, 1, (_, n) => n + 1),
            context.Request.Headers.TraceParent, context.Request.ContentType, context.Request.Headers.Authorization);
        _all.Enqueue(received);
        var answer = _answer(received);
        if (answer.Append)
            _appended.TryAdd(key, body);
        _arrivals.Writer.TryWrite(received);
        if (answer.After is not null)
            await answer.After.WaitAsync(context.RequestAborted);
        if (answer.Abort)
        {
            context.Abort();
            return;
        }

        if (answer.RetryAfter is not null)
            context.Response.Headers.RetryAfter = answer.RetryAfter;
        context.Response.StatusCode = answer.Status;
        if (answer.Problem is not null)
        {
            context.Response.ContentType = "application/problem+json";
            await context.Response.WriteAsync(answer.Problem);
        }
    }
}
