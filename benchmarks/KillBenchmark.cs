using System.CommandLine;
using Pipeline.Testing;

namespace Pipeline.Benchmarks;

/// <summary>Kills the AppHost with kill -9 under load, again and again, and checks that every acknowledged record is there once.</summary>
internal static class KillBenchmark
{
    public static Command Command()
    {
        var cycles = new Option<int>("--cycles") { DefaultValueFactory = _ => 20 };
        var seed = new Option<int>("--seed") { DefaultValueFactory = _ => Random.Shared.Next() };
        var distributed = new Option<bool>("--distributed") { Description = "On a Kafka mock cluster and a RADOS gateway." };
        var command = new Command("kill", "kill -9 of the AppHost at random moments under load, then drain and compare.") { cycles, seed, distributed };
        command.SetAction(async (parsed, _) =>
        {
            using var data = new TempDirectory();
            await using var stores = parsed.GetValue(distributed) ? await DistributedStores.StartAsync() : null;
            Report.Line($"seed {parsed.GetValue(seed)}");
            var report = await KillCycles.RunAsync(data.FullPath, parsed.GetValue(cycles), parsed.GetValue(seed), System.Console.WriteLine, stores?.Environment);
            Report.Line($"ok   {report.Cycles} kills: {report.AcknowledgedEvents:N0} acknowledged events and {report.AcknowledgedOrders:N0} orders, each exactly once in events, counts and lake ({report.StoredEvents:N0} and {report.StoredOrders:N0} stored)");
        });
        return command;
    }
}
