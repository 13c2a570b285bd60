using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Pipeline.Testing.Otlp;

/// <summary>A collector of OpenTelemetry for tests: takes OTLP over HTTP with protobuf and keeps what tests ask for.</summary>
public sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<OtlpSpan> _spans = new();
    private readonly ConcurrentQueue<OtlpMetric> _metrics = new();
    private readonly ConcurrentQueue<OtlpLog> _logs = new();

    private OtlpReceiver()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.MapPost("/v1/traces", context => KeepAsync(context, _spans, OtlpDecoder.Spans));
        _app.MapPost("/v1/metrics", context => KeepAsync(context, _metrics, OtlpDecoder.Metrics));
        _app.MapPost("/v1/logs", context => KeepAsync(context, _logs, OtlpDecoder.Logs));
    }

    private delegate List<T> Decoder<T>(ReadOnlySpan<byte> request);

    /// <summary>The spans so far, in the order in which they ended.</summary>
    public IReadOnlyList<OtlpSpan> Spans => [.. _spans];

    /// <summary>The exports of metrics so far.</summary>
    public IReadOnlyList<OtlpMetric> Metrics => [.. _metrics];

    /// <summary>The log records so far.</summary>
    public IReadOnlyList<OtlpLog> Logs => [.. _logs];

    /// <summary>The variables that make a program send here, soon.</summary>
    public Dictionary<string, string> Variables => new()
    {
        ["OTEL_EXPORTER_OTLP_ENDPOINT"] = _app.Urls.First(),
        ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
        ["OTEL_BSP_SCHEDULE_DELAY"] = "100",
        ["OTEL_BLRP_SCHEDULE_DELAY"] = "100",
        ["OTEL_METRIC_EXPORT_INTERVAL"] = "250",
    };

    /// <summary>Starts one on a free port.</summary>
    public static async Task<OtlpReceiver> StartAsync()
    {
        var receiver = new OtlpReceiver();
        await receiver._app.StartAsync();
        return receiver;
    }

    /// <summary>Waits for a span.</summary>
    /// <param name="which">Says which one.</param>
    /// <param name="what">What it is, for the failure's message.</param>
    public Task<OtlpSpan> SpanAsync(Func<OtlpSpan, bool> which, string what) =>
        Eventually.ResultAsync(() => Task.FromResult(_spans.FirstOrDefault(which)), describe: () => $"{what} is not among: {Names()}", text: "the span arrives");

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private string Names() => string.Join(", ", _spans.GroupBy(s => $"{s.Source}/{s.Name}").Select(g => $"{g.Key} ({g.Count()})"));

    private static async Task KeepAsync<T>(HttpContext context, ConcurrentQueue<T> all, Decoder<T> decode)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        foreach (var item in decode(body.GetBuffer().AsSpan(0, (int)body.Length)))
            all.Enqueue(item);

        // An empty answer is the protobuf of "all of it was taken".
        context.Response.ContentType = "application/x-protobuf";
    }
}
