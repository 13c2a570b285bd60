using System.CommandLine;
using System.Diagnostics;
using System.Net;
using Pipeline.Benchmarks.Load;
using Pipeline.Testing;

namespace Pipeline.Benchmarks;

/// <summary>From starting the built program to the first acknowledged event, on an empty and on an existing data directory.</summary>
internal static class StartBenchmark
{
    private const double FreshLimit = 5;
    private const double AgainLimit = 3;

    public static Command Command()
    {
        var rounds = new Option<int>("--rounds") { DefaultValueFactory = _ => 5 };
        var command = new Command("start", "Seconds from start to the first acknowledged event.") { rounds };
        command.SetAction(async (parsed, _) => await RunAsync(parsed.GetValue(rounds)) ? 0 : 1);
        return command;
    }

    private static async Task<bool> RunAsync(int rounds)
    {
        var fresh = new List<double>();
        var again = new List<double>();
        for (var round = 0; round < rounds; round++)
        {
            using var data = new TempDirectory();
            fresh.Add(await MeasureAsync(data.FullPath));
            again.Add(await MeasureAsync(data.FullPath));
            Report.Line($"round {round + 1}: fresh {fresh[^1]:N2} s, again {again[^1]:N2} s");
        }

        return Report.AtMost($"start on an empty data directory, median of {rounds}", fresh.Order().ElementAt(rounds / 2), FreshLimit, "s")
            & Report.AtMost($"start on an existing data directory, median of {rounds}", again.Order().ElementAt(rounds / 2), AgainLimit, "s");
    }

    private static async Task<double> MeasureAsync(string data)
    {
        var body = Shop.Event(new Random(3), DateTimeOffset.UtcNow);
        var started = Stopwatch.GetTimestamp();
        await using var host = AppHostProcess.Launch(data);
        using var http = new HttpClient { BaseAddress = host.Url };
        while (true)
        {
            try
            {
                using var content = new ByteArrayContent(body);
                content.Headers.ContentType = new("application/json");
                using var response = await http.PutAsync("/SendEvent", content);
                if (response.StatusCode == HttpStatusCode.Accepted)
                    return Stopwatch.GetElapsedTime(started).TotalSeconds;
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }

            if (host.HasExited)
                throw new InvalidOperationException(string.Join(Environment.NewLine, host.Output));
            await Task.Delay(5);
        }
    }
}
