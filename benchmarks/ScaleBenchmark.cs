using System.CommandLine;
using Pipeline.Testing;

namespace Pipeline.Benchmarks;

/// <summary>Api and Workers processes come and go under load on the distributed stack; then everything is drained and compared.</summary>
internal static class ScaleBenchmark
{
    public static Command Command()
    {
        var minutes = new Option<double>("--minutes") { DefaultValueFactory = _ => 3 };
        var seed = new Option<int>("--seed") { DefaultValueFactory = _ => Random.Shared.Next() };
        var command = new Command("scale", "4 Workers and 2 Api processes, killed and added at random under load, then drained and compared.") { minutes, seed };
        command.SetAction(async (parsed, _) =>
        {
            if (DistributedStores.Missing is { } missing)
                throw new InvalidOperationException(missing);
            Report.Line($"seed {parsed.GetValue(seed)}");
            var postgres = new PostgresFixture();
            await postgres.InitializeAsync();
            try
            {
                await using var stores = await DistributedStores.StartAsync();
                var environment = stores.With(await postgres.CreateDatabaseAsync());
                var report = await ScaleRun.RunAsync(environment, TimeSpan.FromMinutes(parsed.GetValue(minutes)), parsed.GetValue(seed), System.Console.WriteLine);
                Report.Line($"ok   {report}");
            }
            finally
            {
                await postgres.DisposeAsync();
            }
        });
        return command;
    }
}
