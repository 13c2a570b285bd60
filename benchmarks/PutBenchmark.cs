using System.CommandLine;
using Pipeline.Benchmarks.Load;
using Pipeline.Testing;

namespace Pipeline.Benchmarks;

/// <summary>Single events over PUT, 64 connections, consumer and storage running; beside bare Kestrel in the same run.</summary>
internal static class PutBenchmark
{
    private const double Limit = 30_000;
    private const double KafkaLimit = 25_000;

    /// <summary>As many as ingestion makes where nobody says otherwise.</summary>
    private const int Partitions = 4;

    private const double KeyedLimit = Limit / 3;

    public static Command Command()
    {
        var connections = new Option<int>("--connections") { DefaultValueFactory = _ => 64 };
        var seconds = new Option<int>("--seconds") { DefaultValueFactory = _ => 10 };
        var rounds = new Option<int>("--rounds") { DefaultValueFactory = _ => 3 };
        var keyed = new Option<bool>("--keyed") { Description = "Each request has an Idempotency-Key of its own." };
        var kafka = new Option<bool>("--kafka") { Description = "The log is in a Kafka mock cluster of three brokers on this machine, the lake behind a RADOS gateway." };
        var command = new Command("put", "Acknowledged single events a second.") { connections, seconds, rounds, keyed, kafka };
        command.SetAction(async (parsed, _) =>
        {
            await using var stores = parsed.GetValue(kafka) ? await DistributedStores.StartAsync(Partitions) : null;
            var limit = (stores is null, parsed.GetValue(keyed)) switch { (_, true) => KeyedLimit, (false, _) => KafkaLimit, _ => Limit };
            var duration = TimeSpan.FromSeconds(parsed.GetValue(seconds));
            return await RunAsync(parsed.GetValue(connections), duration, parsed.GetValue(rounds), parsed.GetValue(keyed), limit, stores?.Environment) ? 0 : 1;
        });
        return command;
    }

    private static Task<bool> RunAsync(int connections, TimeSpan duration, int rounds, bool keyed, double limit, IReadOnlyDictionary<string, string>? environment)
    {
        var random = new Random(1);
        var requests = Enumerable.Range(0, 10_000).Select(_ => HttpLoad.Request("PUT", "/SendEvent", Shop.Event(random, DateTimeOffset.UtcNow), keyed)).ToArray();
        return Comparison.RunAsync(keyed ? "single PUT with keys" : "single PUT", "events", 1, limit, connections, duration, rounds, requests, environment);
    }
}
