using System.CommandLine;
using Pipeline.Benchmarks.Load;

namespace Pipeline.Benchmarks;

/// <summary>Single events over PUT, 64 connections, consumer and storage running; beside bare Kestrel in the same run.</summary>
internal static class PutBenchmark
{
    private const double Limit = 30_000;

    public static Command Command()
    {
        var connections = new Option<int>("--connections") { DefaultValueFactory = _ => 64 };
        var seconds = new Option<int>("--seconds") { DefaultValueFactory = _ => 10 };
        var rounds = new Option<int>("--rounds") { DefaultValueFactory = _ => 3 };
        var command = new Command("put", "Acknowledged single events a second.") { connections, seconds, rounds };
        command.SetAction(async (parsed, _) => await RunAsync(parsed.GetValue(connections), TimeSpan.FromSeconds(parsed.GetValue(seconds)), parsed.GetValue(rounds)) ? 0 : 1);
        return command;
    }

    private static Task<bool> RunAsync(int connections, TimeSpan duration, int rounds)
    {
        var random = new Random(1);
        var requests = Enumerable.Range(0, 10_000).Select(_ => HttpLoad.Request("PUT", "/SendEvent", Shop.Event(random, DateTimeOffset.UtcNow))).ToArray();
        return Comparison.RunAsync("single PUT", "events", 1, Limit, connections, duration, rounds, requests);
    }
}
