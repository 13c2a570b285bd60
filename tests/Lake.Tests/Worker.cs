using System.Diagnostics;
using System.Globalization;
using System.Text;
using Pipeline.DuckDb;

namespace Pipeline.Lake.Tests;

/// <summary>This assembly as a process of its own: takes part in races for the same store.</summary>
internal static class Worker
{
    public static async Task<int> Main(string[] args)
    {
        if (args is not [var task, var lake, var name, var count])
            return 2;
        var store = ObjectStores.Open(lake, TimeProvider.System);
        var rounds = int.Parse(count, CultureInfo.InvariantCulture);
        switch (task)
        {
            case "race":
                await RaceAsync(store, name, rounds);
                return 0;
            case "append":
                await AppendAsync(store, name, rounds);
                return 0;
            default:
                return 2;
        }
    }

    /// <summary>Starts workers and waits for them to end well.</summary>
    public static async Task RunAsync(string task, string lake, int workers, int count, Dictionary<string, string>? environment = null)
    {
        var processes = Enumerable.Range(0, workers).Select(i =>
        {
            var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardError = true };
            string[] arguments = ["exec", typeof(Worker).Assembly.Location, task, lake, $"w{i}", count.ToString(CultureInfo.InvariantCulture)];
            start.FileName = "dotnet";
            foreach (var argument in arguments)
                start.ArgumentList.Add(argument);
            foreach (var (variable, value) in environment ?? [])
                start.Environment[variable] = value;
            return Process.Start(start)!;
        }).ToList();
        foreach (var process in processes)
        {
            using (process)
            {
                var error = await process.StandardError.ReadToEndAsync();
                await process.WaitForExitAsync();
                Assert.True(process.ExitCode == 0, error);
            }
        }
    }

    private static async Task RaceAsync(IObjectStore store, string name, int rounds)
    {
        var won = new StringBuilder();
        for (var i = 0; i < rounds; i++)
        {
            if (await store.PutIfAbsentAsync(ObjectPath.Parse($"keys/{i}"), Encoding.UTF8.GetBytes(name)))
                won.Append(i).Append('\n');
        }

        await store.PutAsync(ObjectPath.Parse($"won/{name}"), Encoding.UTF8.GetBytes(won.ToString()));
    }

    private static async Task AppendAsync(IObjectStore store, string name, int rounds)
    {
        using var database = DuckDatabase.Open(new DuckOptions { Threads = 1 });
        using var connection = database.Connect();
        using var lake = Lakes.Open(store);
        for (var i = 0; i < rounds; i++)
        {
            await lake.Table("t").AppendAsync(
                connection, $"SELECT {i}::BIGINT AS id, '{name}' AS name", null, new DeltaTransaction(name, i == 0 ? null : i - 1, i));
        }
    }
}
