using System.CommandLine;
using System.Diagnostics;
using System.Text;
using Pipeline.Benchmarks.Load;
using Pipeline.Testing;

namespace Pipeline.Benchmarks;

/// <summary>From the acknowledged event to the count that includes it, while other events come in at a steady rate.</summary>
internal static class VisibilityBenchmark
{
    private const double Limit = 1;
    private const int Connections = 32;

    public static Command Command()
    {
        var rate = new Option<int>("--rate") { DefaultValueFactory = _ => 5_000 };
        var seconds = new Option<int>("--seconds") { DefaultValueFactory = _ => 30 };
        var command = new Command("visibility", "Seconds from an acknowledged event to its visible count, at a rate of events.") { rate, seconds };
        command.SetAction(async (parsed, _) => await RunAsync(parsed.GetValue(rate), TimeSpan.FromSeconds(parsed.GetValue(seconds))) ? 0 : 1);
        return command;
    }

    private static async Task<bool> RunAsync(int rate, TimeSpan duration)
    {
        using var data = new TempDirectory();
        await using var host = await AppHostProcess.StartAsync(data.FullPath);
        using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = Connections + 4 }) { BaseAddress = host.Url };
        using var stop = new CancellationTokenSource();
        var sent = 0L;
        var load = Enumerable.Range(0, Connections).Select(c => PaceAsync(http, c, rate / (double)Connections, () => Interlocked.Increment(ref sent), stop.Token)).ToArray();
        await Task.Delay(TimeSpan.FromSeconds(5));
        var latencies = new List<double>();
        var started = Stopwatch.GetTimestamp();
        var sentAtStart = Interlocked.Read(ref sent);
        for (var n = 0; Stopwatch.GetElapsedTime(started) < duration; n++)
        {
            latencies.Add(await ProbeAsync(http, $"probe-{n}"));
            await Task.Delay(20);
        }

        var achieved = (Interlocked.Read(ref sent) - sentAtStart) / Stopwatch.GetElapsedTime(started).TotalSeconds;
        await stop.CancelAsync();
        await Task.WhenAll(load);
        latencies.Sort();
        Report.Line($"{achieved:N0} events/s beside {latencies.Count} probes: p50 {latencies[latencies.Count / 2] * 1000:N0} ms, p99 {latencies[(int)(latencies.Count * .99)] * 1000:N0} ms, max {latencies[^1] * 1000:N0} ms");
        return Report.AtLeast("rate held", achieved, rate * 0.95, "events/s")
            & Report.AtMost("event to visible count, p99", latencies[(int)(latencies.Count * .99)], Limit, "s");
    }

    private static async Task PaceAsync(HttpClient http, int seed, double perSecond, Action count, CancellationToken stop)
    {
        var random = new Random(seed);
        var started = Stopwatch.GetTimestamp();
        for (var n = 1L; !stop.IsCancellationRequested; n++)
        {
            await PutAsync(http, Shop.Event(random, DateTimeOffset.UtcNow));
            count();
            var ahead = TimeSpan.FromSeconds(n / perSecond) - Stopwatch.GetElapsedTime(started);
            if (ahead > TimeSpan.FromMilliseconds(1))
                await Task.Delay(ahead, CancellationToken.None);
        }
    }

    private static async Task<double> ProbeAsync(HttpClient http, string user)
    {
        await PutAsync(http, Encoding.UTF8.GetBytes(
            $$$"""{"UserId":"{{{user}}}","SessionId":"s","EventName":"PageVisited","TimeStamp":"{{{DateTimeOffset.UtcNow:yyyy-MM-ddTHH:mm:ssZ}}}","Attributes":{"ProductId":"p","Price":1,"Discount":0}}"""));
        var acknowledged = Stopwatch.GetTimestamp();
        while ((await http.GetStringAsync($"/events/counts?userId={user}")).Length < 5)
            await Task.Delay(5);
        return Stopwatch.GetElapsedTime(acknowledged).TotalSeconds;
    }

    private static async Task PutAsync(HttpClient http, byte[] body)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new("application/json");
        using var response = await http.PutAsync("/SendEvent", content);
        response.EnsureSuccessStatusCode();
    }
}
