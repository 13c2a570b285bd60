using System.Globalization;
using System.Text.Json.Nodes;

namespace Pipeline.Testing;

/// <summary>
/// Several Api and Workers processes on one set of stores. Under load, processes of both kinds are killed with <c>kill -9</c> and added at random; at the end everything
/// is drained and compared: every acknowledged record exactly once in events, counts and lake; every other at most once.
/// </summary>
public static class ScaleRun
{
    private const int Apis = 2;
    private const int Workers = 4;
    private const int MostWorkers = 6;

    /// <summary>Runs, and throws with a description where a record is missing or there twice.</summary>
    /// <param name="environment">The stores' connection strings, as environment variables.</param>
    /// <param name="duration">How long processes come and go.</param>
    /// <param name="seed">Decides who and when.</param>
    /// <param name="log">Takes a line for each that comes or goes.</param>
    public static async Task<ScaleReport> RunAsync(IReadOnlyDictionary<string, string> environment, TimeSpan duration, int seed, Action<string> log)
    {
        var random = new Random(seed);
        var apis = Enumerable.Range(0, Apis).Select(_ => ServiceProcess.Launch("Pipeline.Api.dll", environment)).ToArray();
        var workers = Enumerable.Range(0, Workers).Select(_ => NewWorker(environment)).ToList();
        var gone = new List<ServiceProcess>();
        using var stop = new CancellationTokenSource();
        try
        {
            foreach (var process in apis.Concat(workers))
                await process.HealthyAsync();
            using var ledger = new ShopLedger([.. apis.Select(a => a.Url)]);
            var sending = ledger.SendAsync(stop.Token);
            var (kills, added, mostLag) = (0, 0, 0L);
            var started = Environment.TickCount64;
            while (Environment.TickCount64 - started < duration.TotalMilliseconds)
            {
                await Task.Delay(random.Next(500, 4_000));
                switch (random.Next(5))
                {
                    case 0:
                        var api = random.Next(Apis);
                        await apis[api].KillAsync();
                        gone.Add(apis[api]);
                        apis[api] = ServiceProcess.Launch("Pipeline.Api.dll", environment, apis[api].Url.Port);
                        kills++;
                        log($"killed Api {api} and started it again");
                        break;
                    case 1 or 2 when workers.Count < MostWorkers:
                        workers.Add(NewWorker(environment));
                        added++;
                        log($"added a worker: {workers.Count}");
                        break;
                    default:
                        var worker = random.Next(workers.Count);
                        await workers[worker].KillAsync();
                        gone.Add(workers[worker]);
                        workers.RemoveAt(worker);
                        kills++;
                        if (workers.Count < 2)
                            workers.Add(NewWorker(environment));
                        log($"killed a worker: {workers.Count}");
                        break;
                }

                foreach (var living in apis.Concat(workers))
                {
                    if (living.Ending is { } ending)
                        throw new InvalidOperationException(ending);
                }

                mostLag = Math.Max(mostLag, await LagAsync(apis) ?? 0);
            }

            var calm = Environment.TickCount64;
            log("all stay from now on");
            while (workers.Count < Workers)
                workers.Add(NewWorker(environment));
            foreach (var process in apis.Concat(workers))
                await process.HealthyAsync();
            log(Since("everybody is healthy"));
            await stop.CancelAsync();
            await sending;
            log(Since("the last request was answered"));
            await KillCycles.DrainAsync(apis[0].Url);
            log(Since("nothing waits any more"));
            var drained = TimeSpan.FromMilliseconds(Environment.TickCount64 - calm);
            var stored = await KillCycles.VerifyAsync(
                ledger, environment["ConnectionStrings__warehouse"], environment["ConnectionStrings__lake"], environment.GetValueOrDefault("ConnectionStrings__kafka"));
            log(Since("all was compared"));
            return new ScaleReport(kills, added, ledger.Events.Values.Count(a => a), ledger.Orders.Values.Count(a => a), stored.Events, stored.Orders, mostLag, drained);

            string Since(string what) => string.Create(CultureInfo.InvariantCulture, $"{(Environment.TickCount64 - calm) / 1_000.0:0.0} s later {what}");
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            foreach (var line in apis.Concat(workers).Concat(gone).SelectMany(p => p.Output.TakeLast(20)))
                log(line);
            throw;
        }
        finally
        {
            await stop.CancelAsync();
            foreach (var process in apis.Concat(workers).Concat(gone))
                await process.DisposeAsync();
        }
    }

    private static ServiceProcess NewWorker(IReadOnlyDictionary<string, string> environment) => ServiceProcess.Launch("Pipeline.Workers.dll", environment, "run");

    /// <summary>The lag of all groups; null where no Api answers at the moment.</summary>
    private static async Task<long?> LagAsync(IEnumerable<ServiceProcess> apis)
    {
        foreach (var api in apis)
        {
            try
            {
                using var http = new HttpClient { BaseAddress = api.Url, Timeout = TimeSpan.FromSeconds(5) };
                return JsonNode.Parse(await http.GetStringAsync("/status"))!["Groups"]!.AsArray().Sum(g => (long)g!["Lag"]!);
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
            {
                // It was killed a moment ago.
            }
        }

        return null;
    }
}

/// <summary>What a run found; it throws where something is wrong.</summary>
/// <param name="Kills">How many processes were killed.</param>
/// <param name="Added">How many workers were added.</param>
/// <param name="AcknowledgedEvents">Events answered with 202.</param>
/// <param name="AcknowledgedOrders">Orders answered with 202.</param>
/// <param name="StoredEvents">Events in the store: the acknowledged ones and maybe some whose answer was cut off.</param>
/// <param name="StoredOrders">Orders in the lake, likewise.</param>
/// <param name="MostLag">The largest lag seen, in records of all groups.</param>
/// <param name="Drained">How long it took until nothing waited, after the last one had come or gone.</param>
public sealed record ScaleReport(
    int Kills, int Added, int AcknowledgedEvents, int AcknowledgedOrders, int StoredEvents, int StoredOrders, long MostLag, TimeSpan Drained)
{
    /// <summary>In a line.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Kills} kills and {Added} added workers: {AcknowledgedEvents:N0} acknowledged events and {AcknowledgedOrders:N0} orders, each exactly once in events, counts and lake ({StoredEvents:N0} and {StoredOrders:N0} stored); at most {MostLag:N0} waited, and nothing {Drained.TotalSeconds:0.0} s after the last one had come or gone");
}
