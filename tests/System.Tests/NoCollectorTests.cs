using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.EventLog;
using Pipeline.Testing;

namespace Pipeline.Whole.Tests;

/// <summary>Telemetry that goes nowhere costs nothing and harms nothing.</summary>
public sealed class NoCollectorTests
{
    private const string Event = """{"UserId":"ada","SessionId":"s-1","EventName":"AddedBasket","TimeStamp":"2026-01-31T10:15:30Z","Attributes":{"ProductId":"p-1","Price":10,"Discount":0}}""";

    [Fact]
    public async Task NoEndpoint_RequestWithATrace_MakesNoSpanWhereNoneIsKept()
    {
        using var data = new TempDirectory();
        await using var host = await AppHostProcess.StartAsync(data.FullPath, environment: new Dictionary<string, string> { ["Observability__TracesPerSecond"] = "0" });
        await SendAsync(host);
        Assert.Equal([0], await HeadersAsync(data.FullPath));
    }

    [Fact]
    public async Task NoEndpoint_ManyRequests_FewOfThemHaveASpan()
    {
        const int Requests = 500;
        using var data = new TempDirectory();
        await using var host = await AppHostProcess.StartAsync(data.FullPath, environment: new Dictionary<string, string> { ["Observability__TracesPerSecond"] = "5" });
        var watch = Stopwatch.StartNew();
        using var http = new HttpClient { BaseAddress = host.Url };
        for (var i = 0; i < Requests; i++)
        {
            using var response = await http.PutAsync("/SendEvent", new StringContent(Event, Encoding.UTF8, "application/json"));
            Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        }

        var headers = await HeadersAsync(data.FullPath);
        Assert.Equal(Requests, headers.Count);
        Assert.InRange(headers.Count(h => h > 0), 1, 6 + (5 * watch.Elapsed.TotalSeconds));
        Assert.All(headers, h => Assert.Contains(h, (int[])[0, 2]));
    }

    /// <summary>How many headers each event in the log has: the record of a request that had a span carries it.</summary>
    private static async Task<List<int>> HeadersAsync(string dataDirectory)
    {
        var settings = new Dictionary<string, string?> { ["ConnectionStrings:warehouse"] = AppHostProcess.WarehouseOf(dataDirectory) };
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(settings).Build();
        await using var services = new ServiceCollection().AddLogging().AddEventLog(configuration).BuildServiceProvider();
        var log = services.GetRequiredService<IEventLog>();
        var headers = new List<int>();
        foreach (var partition in (await log.GetTopicsAsync()).Single(t => t.Name == "UserEvents").Partitions)
        {
            for (var next = partition.StartOffset; next < partition.EndOffset;)
            {
                using var batch = await log.ReadAsync("UserEvents", partition.Partition, next);
                foreach (var record in batch)
                    headers.Add(record.HeaderCount);
                next = batch.NextOffset;
            }
        }

        return headers;
    }

    [Theory]
    [InlineData(false, "http/protobuf")]
    [InlineData(true, "http/protobuf")]
    [InlineData(true, "grpc")]
    public async Task Collector_IsAwayOrSilent_TheHostWorksAndStops(bool accepts, string protocol)
    {
        using var data = new TempDirectory();
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var port = ((IPEndPoint)silent.LocalEndpoint).Port;
        if (!accepts)
            silent.Stop();
        await using var host = await AppHostProcess.StartAsync(data.FullPath, environment: new Dictionary<string, string>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"),
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = protocol,
        });
        await SendAsync(host);
        using var http = new HttpClient { BaseAddress = host.Url };
        await Eventually.TrueAsync(async () => (await http.GetStringAsync("/events/counts?userId=ada")).Contains("\"EventCount\":1", StringComparison.Ordinal));

        Assert.Equal(0, await host.InterruptAsync());
        Assert.Contains("Stopped.", host.Output);
        Assert.DoesNotContain(host.Output, line => line.StartsWith("fail", StringComparison.Ordinal));
    }

    private static async Task SendAsync(AppHostProcess host)
    {
        using var http = new HttpClient { BaseAddress = host.Url };
        using var request = new HttpRequestMessage(HttpMethod.Put, "/SendEvent") { Content = new StringContent(Event, Encoding.UTF8, "application/json") };
        request.Headers.Add("traceparent", $"00-{ActivityTraceId.CreateRandom()}-{ActivitySpanId.CreateRandom()}-01");
        using var response = await http.SendAsync(request);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
    }
}
