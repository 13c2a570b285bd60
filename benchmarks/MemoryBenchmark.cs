using System.CommandLine;
using System.Globalization;
using Pipeline.Benchmarks.Load;
using Pipeline.Testing;

namespace Pipeline.Benchmarks;

/// <summary>
/// Resident memory of everything: the AppHost and all processes of its PostgreSQL, idle and under full load of events and orders. Counted is the proportional set size (PSS):
/// memory that processes share, such as PostgreSQL's buffers, once. Flat means: once the caches that the configuration bounds are full, after the warm-up.
/// </summary>
internal static class MemoryBenchmark
{
    private const double IdleLimit = 400;
    private const double LoadLimit = 1_024;

    public static Command Command()
    {
        var minutes = new Option<double>("--minutes") { DefaultValueFactory = _ => 10 };
        var warmUp = new Option<double>("--warm-up") { DefaultValueFactory = _ => 5, Description = "Minutes of the same load before." };
        var command = new Command("memory", "Memory idle and under full load.") { minutes, warmUp };
        command.SetAction(async (parsed, _) => await RunAsync(TimeSpan.FromMinutes(parsed.GetValue(warmUp)), TimeSpan.FromMinutes(parsed.GetValue(minutes))) ? 0 : 1);
        return command;
    }

    private static async Task<bool> RunAsync(TimeSpan warmUp, TimeSpan duration)
    {
        using var data = new TempDirectory();
        await using var host = await AppHostProcess.StartAsync(data.FullPath);
        await Task.Delay(TimeSpan.FromSeconds(20));
        var idle = Everything(host.ProcessId, data.FullPath);
        Report.Line($"idle: {idle.Host:N0} MB AppHost + {idle.Postgres:N0} MB PostgreSQL");
        var random = new Random(4);
        var puts = Enumerable.Range(0, 5_000).Select(_ => HttpLoad.Request("PUT", "/SendEvent", Shop.Event(random, DateTimeOffset.UtcNow))).ToArray();
        var posts = Enumerable.Range(0, 200).Select(_ => HttpLoad.Request("POST", "/PurchasedItems", Shop.Orders(random, DateTimeOffset.UtcNow, 100))).ToArray();
        var load = Task.WhenAll(
            HttpLoad.RunAsync(host.Url, 32, warmUp, duration, puts),
            HttpLoad.RunAsync(host.Url, 4, warmUp, duration, posts));
        var samples = new List<double>();
        while (!load.IsCompleted)
        {
            await Task.WhenAny(load, Task.Delay(TimeSpan.FromSeconds(5)));
            var now = Everything(host.ProcessId, data.FullPath);
            samples.Add(now.Host + now.Postgres);
            if (samples.Count % 6 == 0)
                Report.Line($"after {samples.Count * 5} s: {now.Host:N0} MB AppHost + {now.Postgres:N0} MB PostgreSQL");
            if (host.Ending is { } ending)
                throw new InvalidOperationException(ending);
        }

        if (load.IsFaulted)
        {
            // The host may be about to end: what it says then is worth more than that it hung up.
            await Task.Delay(TimeSpan.FromSeconds(5));
            throw new InvalidOperationException(host.Ending ?? string.Join(Environment.NewLine, host.Output.TakeLast(100)), load.Exception);
        }

        var results = await load;
        Report.Line($"load: {results[0].RequestsPerSecond:N0} events/s and {results[1].RequestsPerSecond * 100:N0} orders/s");
        var steady = samples.Skip((int)(samples.Count * (warmUp / (warmUp + duration)))).ToList();
        var third = Math.Max(1, steady.Count / 3);
        var early = steady.Take(third).Average();
        var late = steady.TakeLast(third).Average();
        return Report.AtMost("idle", idle.Host + idle.Postgres, IdleLimit, "MB")
            & Report.AtMost("under full load, highest", samples.Max(), LoadLimit, "MB")
            & Report.AtMost("after the warm-up, growth from the first to the last third", (late - early) / early * 100, 10, "%");
    }

    private static (double Host, double Postgres) Everything(int hostProcess, string data)
    {
        var postmaster = File.ReadLines(Path.Combine(data, "postgres", "cluster", "postmaster.pid")).First();
        var postgres = Directory.EnumerateDirectories("/proc")
            .Where(p => int.TryParse(Path.GetFileName(p), out _))
            .Where(p => Path.GetFileName(p) == postmaster || Parent(p) == postmaster)
            .Sum(Pss);
        return (Pss($"/proc/{hostProcess}"), postgres);
    }

    private static string Parent(string process)
    {
        try
        {
            var stat = File.ReadAllText(Path.Combine(process, "stat"));
            return stat[(stat.LastIndexOf(')') + 4)..].Split(' ')[0];
        }
        catch (IOException)
        {
            return "";
        }
    }

    /// <summary>Megabytes.</summary>
    private static double Pss(string process)
    {
        try
        {
            var line = File.ReadLines(Path.Combine(process, "smaps_rollup")).First(l => l.StartsWith("Pss:", StringComparison.Ordinal));
            return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            return 0;
        }
    }
}
