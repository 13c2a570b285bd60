using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Benchmarks.Load;
using Pipeline.DuckDb;
using Pipeline.Lake;
using Pipeline.Testing;

namespace Pipeline.Benchmarks;

/// <summary>
/// The console with much behind it: a million events and 500 tables. How long each page and each of its parts takes, and what 20 open pages cost the ingestion. A session asks
/// as the page's script does, without a browser: twenty of those would load the machine more than what is measured.
/// </summary>
internal static partial class ConsoleBenchmark
{
    private const double PageLimit = 1_000;
    private const double SlowdownLimit = 5;
    private const double GrowthLimit = 200;
    private const int Sessions = 20;

    private static readonly string[] _pages =
    [
        "/", "/console/events", "/console/events/tail", "/console/events/user?userId=user-1", "/console/lake", "/console/lake/raw/purchased_items",
        "/console/lake/raw/purchased_items?view=Rows", "/console/lake/raw/purchased_items?view=Versions", "/console/lake/raw/purchased_items?view=Health", "/console/analytics",
        "/console/sql", "/sql/schema", "/console/notebooks", "/console/workflows", "/console/workflows/user-events", "/console/dead-letters", "/console/dead-letters?view=Rejected",
        "/console/traces", "/console/logs",
    ];

    public static Command Command()
    {
        var events = new Option<int>("--events") { DefaultValueFactory = _ => 1_000_000 };
        var tables = new Option<int>("--tables") { DefaultValueFactory = _ => 500 };
        var minutes = new Option<double>("--minutes") { DefaultValueFactory = _ => 10, Description = "How long the sessions are open." };
        var command = new Command("console", "Pages with much behind them, and what open pages cost.") { events, tables, minutes };
        command.SetAction(async (parsed, _) =>
            await RunAsync(parsed.GetValue(events), parsed.GetValue(tables), TimeSpan.FromMinutes(parsed.GetValue(minutes))) ? 0 : 1);
        return command;
    }

    private static async Task<bool> RunAsync(int events, int tables, TimeSpan open)
    {
        using var data = new TempDirectory();
        await using var host = await AppHostProcess.StartAsync(data.FullPath);
        using var http = new HttpClient { BaseAddress = host.Url };
        var random = new Random(5);
        var puts = Enumerable.Range(0, 20_000).Select(_ => HttpLoad.Request("PUT", "/SendEvent", Shop.Event(random, DateTimeOffset.UtcNow))).ToArray();
        var posts = Enumerable.Range(0, 50).Select(_ => HttpLoad.Request("POST", "/PurchasedItems", Shop.Orders(random, DateTimeOffset.UtcNow, 100))).ToArray();
        var sent = 0L;
        while (sent < events)
            sent += (await HttpLoad.RunAsync(host.Url, 64, TimeSpan.Zero, TimeSpan.FromSeconds(5), puts)).LatenciesMicroseconds.Count;
        await HttpLoad.RunAsync(host.Url, 2, TimeSpan.Zero, TimeSpan.FromSeconds(2), posts);
        await MakeTablesAsync(Path.Combine(data.FullPath, "lake"), tables);
        await Task.Delay(TimeSpan.FromSeconds(15));
        Report.Line($"{sent:N0} events, {tables:N0} tables");

        var met = await PagesAsync(http);
        await CostsAsync(http, host.ProcessId, data.FullPath);
        var before = Memory(host.ProcessId);
        var rounds = new List<double>();

        // Rounds with and without sessions follow one another: what else the machine does meets both.
        for (var round = 1; round <= 3; round++)
        {
            var without = (await LoadAsync(host.Url, puts)).RequestsPerSecond;
            using var leave = new CancellationTokenSource();
            var sessions = SessionsAsync(host.Url, leave.Token);
            var with = (await LoadAsync(host.Url, puts)).RequestsPerSecond;
            await leave.CancelAsync();
            await sessions;
            rounds.Add(100 * (without - with) / without);
            Report.Line($"round {round}: {without:N0} events/s without, {with:N0} with {Sessions} sessions: {rounds[^1]:N1} % less");
        }

        var loaded = Memory(host.ProcessId);
        using var over = new CancellationTokenSource(open);
        await SessionsAsync(host.Url, over.Token);
        var after = Memory(host.ProcessId);
        Report.Line($"memory of the AppHost: {before:N0} MB before, {loaded:N0} MB after the rounds under load, {after:N0} MB after {open.TotalMinutes:N0} minutes with {Sessions} sessions");
        rounds.Sort();
        return met
            & Report.AtMost("ingestion slowed down by the sessions, median of the rounds", rounds[rounds.Count / 2], SlowdownLimit, "%")
            & Report.AtMost("memory after the sessions against the same load without them", after - loaded, GrowthLimit, "MB");
    }

    private static Task<LoadResult> LoadAsync(Uri url, IReadOnlyList<byte[]> puts) => HttpLoad.RunAsync(url, 64, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(15), puts);

    private static async Task<bool> PagesAsync(HttpClient http)
    {
        var slowest = 0.0;
        foreach (var page in _pages)
        {
            // The first look at what the program has not done yet, then one when it has.
            var first = await LookAsync(http, page);
            var again = await LookAsync(http, page);
            Report.Line($"{page}: {first:N0} ms, again {again:N0} ms");
            slowest = Math.Max(slowest, Math.Max(first, again));
        }

        return Report.AtMost("the slowest page, its slowest part included", slowest, PageLimit, "ms");
    }

    /// <summary>What an open page costs: CPU of the AppHost and of PostgreSQL for each refresh of its parts, and for each second that it is open.</summary>
    private static async Task CostsAsync(HttpClient http, int hostProcess, string data)
    {
        const int Times = 10;
        foreach (var page in _pages.Where(p => p is "/" || p.StartsWith("/console", StringComparison.Ordinal)))
        {
            var html = await http.GetStringAsync(new Uri(page, UriKind.Relative));
            foreach (var part in LivePart().Matches(html).Select(m => (Id: m.Groups["id"].Value, Every: int.Parse(m.Groups["every"].Value, CultureInfo.InvariantCulture))).Where(p => p.Every > 0))
            {
                var before = Cpu(hostProcess, data);
                for (var i = 0; i < Times; i++)
                    await PartAsync(http, $"{page}{(page.Contains('?', StringComparison.Ordinal) ? '&' : '?')}uncached={i}", part.Id);
                var after = Cpu(hostProcess, data);
                var (host, postgres) = ((after.Host - before.Host) / Times, (after.Postgres - before.Postgres) / Times);
                Report.Line($"{page} #{part.Id}: {host:N1} + {postgres:N1} ms of CPU (AppHost, PostgreSQL) each {part.Every} s: {(host + postgres) / part.Every / 10:N2} % of a core");
            }
        }
    }

    /// <summary>Milliseconds of CPU that the AppHost and its PostgreSQL have used.</summary>
    private static (double Host, double Postgres) Cpu(int hostProcess, string data)
    {
        var postmaster = File.ReadLines(Path.Combine(data, "postgres", "cluster", "postmaster.pid")).First();
        var postgres = 0.0;
        foreach (var process in Directory.EnumerateDirectories("/proc").Where(p => int.TryParse(Path.GetFileName(p), out _)))
        {
            var (parent, milliseconds) = Stat(process);
            if (parent == postmaster || Path.GetFileName(process) == postmaster)
                postgres += milliseconds;
        }

        return (Stat($"/proc/{hostProcess}").Milliseconds, postgres);
    }

    private static (string Parent, double Milliseconds) Stat(string process)
    {
        try
        {
            var stat = File.ReadAllText(Path.Combine(process, "stat"));
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');

            // Fields 14 and 15 of proc(5), in hundredths of a second.
            return (fields[1], 10 * (double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture)));
        }
        catch (IOException)
        {
            return ("", 0);
        }
    }

    /// <summary>Milliseconds until the page is there, and its slowest part after it.</summary>
    private static async Task<double> LookAsync(HttpClient http, string page)
    {
        var started = Stopwatch.GetTimestamp();
        var html = await http.GetStringAsync(new Uri(page, UriKind.Relative));
        var lazy = LazyPart().Matches(html).Select(m => m.Groups["id"].Value).ToList();
        await Task.WhenAll(lazy.Select(id => PartAsync(http, page, id)));
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    private static async Task PartAsync(HttpClient http, string page, string ids)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(page, UriKind.Relative));
        request.Headers.Add("X-Fragment", ids);
        using var response = await http.SendAsync(request);
        response.EnsureSuccessStatusCode();
        await response.Content.ReadAsByteArrayAsync();
    }

    private static Task SessionsAsync(Uri url, CancellationToken cancellationToken) =>
        Task.WhenAll(Enumerable.Range(0, Sessions).Select(i => SessionAsync(url, i, cancellationToken)));

    /// <summary>Half of the people look at the overview, the others each at a page of their own.</summary>
    private static async Task SessionAsync(Uri url, int number, CancellationToken cancellationToken)
    {
        using var http = new HttpClient { BaseAddress = url };
        var page = number % 2 == 0 ? "/" : _pages.Where(p => p.StartsWith("/console", StringComparison.Ordinal)).ElementAt(number / 2);
        var html = await http.GetStringAsync(new Uri(page, UriKind.Relative), CancellationToken.None);
        var parts = LivePart().Matches(html).Select(m => (Id: m.Groups["id"].Value, Every: double.Parse(m.Groups["every"].Value, CultureInfo.InvariantCulture)))
            .Where(p => p.Every > 0).GroupBy(p => p.Every).Select(g => (Ids: string.Join(',', g.Select(p => p.Id)), Every: TimeSpan.FromSeconds(g.Key))).ToList();
        await Task.WhenAll(parts.Select(async part =>
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                var started = Stopwatch.GetTimestamp();
                await PartAsync(http, page, part.Ids);
                var took = Stopwatch.GetElapsedTime(started);
                await Task.Delay(part.Every > took * 4 ? part.Every : took * 4, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }));
    }

    private static async Task MakeTablesAsync(string folder, int tables)
    {
        using var lake = new LakeCatalog(ObjectStores.Open(folder, TimeProvider.System), new LakeOptions(), TimeProvider.System, NullLogger<LakeCatalog>.Instance);
        using var engine = DuckDatabase.Open(new DuckOptions { Threads = 1 });
        using var connection = engine.Connect();
        const string Rows = "SELECT range AS id, 'name ' || range AS name FROM range(100)";
        var schema = DeltaSchema.OfQuery(connection, Rows);
        for (var i = 0; i < tables; i++)
        {
            var table = lake.Table($"many/t{i:000}");
            await table.CreateIfNotExistsAsync(new DeltaTableDefinition { Schema = schema });
            var written = await table.WriteFilesAsync(connection, Rows);
            await table.AppendAsync(new DeltaAppend { Files = written.Files });
        }
    }

    /// <summary>Megabytes of proportional set size.</summary>
    private static double Memory(int process)
    {
        var line = File.ReadLines($"/proc/{process}/smaps_rollup").First(l => l.StartsWith("Pss:", StringComparison.Ordinal));
        return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
    }

    [GeneratedRegex("id=\"(?<id>[^\"]+)\"[^>]*data-lazy=\"true\"")]
    private static partial Regex LazyPart();

    [GeneratedRegex("id=\"(?<id>[^\"]+)\"[^>]*data-live=\"(?<every>\\d+)\"")]
    private static partial Regex LivePart();
}
