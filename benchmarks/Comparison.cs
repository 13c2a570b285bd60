using System.Diagnostics;
using Pipeline.Benchmarks.Load;
using Pipeline.Testing;

namespace Pipeline.Benchmarks;

/// <summary>Runs the same load against the AppHost and against bare Kestrel, in turns, and prints both.</summary>
internal static class Comparison
{
    private static readonly TimeSpan _warmUp = TimeSpan.FromSeconds(12);

    public static async Task<bool> RunAsync(
        string what, string unit, int recordsPerRequest, double limit, int connections, TimeSpan duration, int rounds, IReadOnlyList<byte[]> requests,
        IReadOnlyDictionary<string, string>? environment = null)
    {
        using var data = new TempDirectory();
        var rates = new List<double>();
        for (var round = 1; round <= rounds; round++)
        {
            var bare = await BareAsync(connections, duration, requests);
            await using var host = await AppHostProcess.StartAsync(data.FullPath, environment: environment);
            var full = await HttpLoad.RunAsync(host.Url, connections, _warmUp, duration, requests);
            var rate = full.RequestsPerSecond * recordsPerRequest;
            rates.Add(rate);
            var (lag, drain) = await DrainAsync(host.Url);

            Report.Line($"round {round}: {rate:N0} {unit}/s acknowledged, p50 {full.Percentile(.5).TotalMilliseconds:N2} ms, p99 {full.Percentile(.99).TotalMilliseconds:N2} ms, {full.Failures} failed; bare Kestrel {bare.RequestsPerSecond * recordsPerRequest:N0} {unit}/s; ratio {full.RequestsPerSecond / bare.RequestsPerSecond:P0}");
            Report.Line($"         {lag:N0} {unit} were not stored or landed yet when the load ended; the rest took {drain.TotalSeconds:N1} s");
        }

        return Report.AtLeast($"{what}, {connections} connections, median of {rounds}", rates.Order().ElementAt(rates.Count / 2), limit, unit + "/s");
    }

    /// <summary>How far the consumers were behind, and how long they took for it.</summary>
    private static async Task<(long Lag, TimeSpan Drain)> DrainAsync(Uri url)
    {
        using var http = new HttpClient { BaseAddress = url };
        var status = System.Text.Json.Nodes.JsonNode.Parse(await http.GetStringAsync("/status"))!;
        var started = Stopwatch.GetTimestamp();
        await KillCycles.DrainAsync(url);
        return (status["Groups"]!.AsArray().Sum(g => (long)g!["Lag"]!), Stopwatch.GetElapsedTime(started));
    }

    private static async Task<LoadResult> BareAsync(int connections, TimeSpan duration, IReadOnlyList<byte[]> requests)
    {
        var url = new Uri($"http://127.0.0.1:{AppHostProcess.FreePort()}");
        using var bare = BareServer.Start(url);
        try
        {
            using var http = new HttpClient();
            await Eventually.TrueAsync(async () => (await http.GetAsync(url)).StatusCode == System.Net.HttpStatusCode.NotFound);
            return await HttpLoad.RunAsync(url, connections, _warmUp, duration, requests);
        }
        finally
        {
            bare.Kill();
            await bare.WaitForExitAsync();
        }
    }
}
