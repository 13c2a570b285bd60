using System.CommandLine;
using System.Globalization;
using Pipeline.Testing;

namespace Pipeline.Benchmarks.Workflows;

/// <summary>The shipped workflow <c>tmdb</c> on files of the public data set's size: from CSV to the answers.</summary>
internal static class TmdbBenchmark
{
    private const double Limit = 10;

    public static Command Command()
    {
        var folder = new Option<DirectoryInfo>("--workflows") { DefaultValueFactory = _ => new DirectoryInfo("workflows"), Description = "The folder of the shipped workflows." };
        var rounds = new Option<int>("--rounds") { DefaultValueFactory = _ => 3, Description = "The first one fills the tables, the others merge the same rows again." };
        var command = new Command("tmdb", "The workflow tmdb on 4,803 movies and credits.") { folder, rounds };
        command.SetAction(async (parsed, _) => await RunAsync(parsed.GetValue(folder)!.FullName, parsed.GetValue(rounds)) ? 0 : 1);
        return command;
    }

    private static async Task<bool> RunAsync(string workflows, int rounds)
    {
        using var data = new TempDirectory();
        using var files = new TempDirectory();
        TmdbFiles.Write(files.FullPath);
        Report.Line($"{TmdbFiles.Movies} movies, {new DirectoryInfo(files.FullPath).EnumerateFiles().Sum(f => f.Length) >> 20} MB of CSV");
        await using var host = await AppHostProcess.StartAsync(data.FullPath, environment: new Dictionary<string, string> { ["Workflows__Folder"] = workflows });
        using var http = new HttpClient { BaseAddress = host.Url, Timeout = TimeSpan.FromMinutes(5) };
        var highest = 0.0;
        for (var round = 0; round < rounds; round++)
        {
            var run = await WorkflowsBenchmark.EndAsync(http, await WorkflowsBenchmark.StartAsync(http, "tmdb", new { source = files.FullPath }));
            var summary = run.GetProperty("Run");
            if (summary.GetProperty("State").GetString() != "succeeded")
                throw new InvalidOperationException(summary.GetRawText());
            var took = (summary.GetProperty("EndedAt").GetDateTimeOffset() - summary.GetProperty("StartedAt").GetDateTimeOffset()).TotalSeconds;
            highest = Math.Max(highest, took);
            Report.Line($"round {round + 1}: {took:N2} s");
            foreach (var task in run.GetProperty("Tasks").EnumerateArray())
            {
                var (start, end) = (task.GetProperty("StartedAt").GetDateTimeOffset(), task.GetProperty("EndedAt").GetDateTimeOffset());
                Report.Line($"    {task.GetProperty("Name").GetString()}: {(end - start).TotalSeconds.ToString("N2", CultureInfo.InvariantCulture)} s, {task.GetProperty("RowsWritten").GetInt64()} rows");
            }
        }

        return Report.AtMost($"workflow tmdb, slowest of {rounds}", highest, Limit, "s");
    }
}
