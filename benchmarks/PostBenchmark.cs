using System.CommandLine;
using Pipeline.Benchmarks.Load;

namespace Pipeline.Benchmarks;

/// <summary>Orders over POST, 100 a request, landing running; beside bare Kestrel in the same run.</summary>
internal static class PostBenchmark
{
    private const double Limit = 100_000;

    public static Command Command()
    {
        var connections = new Option<int>("--connections") { DefaultValueFactory = _ => 16 };
        var orders = new Option<int>("--orders") { DefaultValueFactory = _ => 100 };
        var seconds = new Option<int>("--seconds") { DefaultValueFactory = _ => 10 };
        var rounds = new Option<int>("--rounds") { DefaultValueFactory = _ => 3 };
        var command = new Command("post", "Acknowledged orders a second, many a request.") { connections, orders, seconds, rounds };
        command.SetAction(async (parsed, _) =>
            await RunAsync(parsed.GetValue(connections), parsed.GetValue(orders), TimeSpan.FromSeconds(parsed.GetValue(seconds)), parsed.GetValue(rounds)) ? 0 : 1);
        return command;
    }

    private static Task<bool> RunAsync(int connections, int orders, TimeSpan duration, int rounds)
    {
        var random = new Random(2);
        var requests = Enumerable.Range(0, 500).Select(_ => HttpLoad.Request("POST", "/PurchasedItems", Shop.Orders(random, DateTimeOffset.UtcNow, orders))).ToArray();
        return Comparison.RunAsync($"POST of {orders} orders", "orders", orders, Limit, connections, duration, rounds, requests);
    }
}
