using System.CommandLine;
using Pipeline.Benchmarks.Load;

namespace Pipeline.Benchmarks;

/// <summary>Single events over PUT, 64 connections, consumer and storage running; beside bare Kestrel in the same run.</summary>
internal static class PutBenchmark
{
    private const double Limit = 30_000;
    private const double KeyedLimit = Limit / 3;

    public static Command Command()
    {
        var connections = new Option<int>("--connections") { DefaultValueFactory = _ => 64 };
        var seconds = new Option<int>("--seconds") { DefaultValueFactory = _ => 10 };
        var rounds = new Option<int>("--rounds") { DefaultValueFactory = _ => 3 };
        var keyed = new Option<bool>("--keyed") { Description = "Each request has an Idempotency-Key of its own." };
        var command = new Command("put", "Acknowledged single events a second.") { connections, seconds, rounds, keyed };
        command.SetAction(async (parsed, _) =>
            await RunAsync(parsed.GetValue(connections), TimeSpan.FromSeconds(parsed.GetValue(seconds)), parsed.GetValue(rounds), parsed.GetValue(keyed)) ? 0 : 1);
        return command;
    }

    private static Task<bool> RunAsync(int connections, TimeSpan duration, int rounds, bool keyed)
    {
        var random = new Random(1);
        var requests = Enumerable.Range(0, 10_000).Select(_ => HttpLoad.Request("PUT", "/SendEvent", Shop.Event(random, DateTimeOffset.UtcNow), keyed)).ToArray();
        return Comparison.RunAsync(keyed ? "single PUT with keys" : "single PUT", "events", 1, keyed ? KeyedLimit : Limit, connections, duration, rounds, requests);
    }
}
