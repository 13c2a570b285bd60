using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Pipeline.ServiceDefaults.Telemetry;
using Pipeline.Testing;
using Pipeline.Testing.Otlp;

namespace Pipeline.ServiceDefaults.Tests;

public sealed class TelemetryTests
{
    [Fact]
    public async Task Endpoint_InTheHostsConfiguration_TracesMetricsAndLogsGoThere()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(receiver.Variables.Select(v => KeyValuePair.Create(v.Key, (string?)v.Value)));
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.AddTelemetry("configured");
        using var source = new ActivitySource("Pipeline.Test");
        using var meter = new System.Diagnostics.Metrics.Meter("Pipeline.Test");
        await using var app = builder.Build();
        await app.StartAsync();
        var span = source.StartActivity("span")!;
        app.Logger.Log(LogLevel.Warning, default, "line", null, (line, _) => line);
        span.Stop();
        meter.CreateCounter<long>("count").Add(3);

        await Eventually.TrueAsync(() => receiver.Spans.Any(s => (s.Service, s.Source, s.SpanId) == ("configured", "Pipeline.Test", span.SpanId.ToString())));
        await Eventually.TrueAsync(() => receiver.Metrics.Any(m => (m.Service, m.Meter, m.Name, m.Sum) == ("configured", "Pipeline.Test", "count", 3)));
        await Eventually.TrueAsync(() => receiver.Logs.Any(l => (l.Service, l.Severity, l.Body, l.TraceId) == ("configured", "Warning", "line", span.TraceId.ToString())));
        await app.StopAsync();
    }
}
