using System.Globalization;
using Npgsql;
using Pipeline.DuckDb;
using Pipeline.Testing.Kafka;

namespace Pipeline.Testing;

/// <summary>
/// Kills the AppHost with <c>kill -9</c> at random moments under load, starts it again on the same data, drains at the end, and compares the books with what
/// the stores hold: every acknowledged record exactly once in events, counts and lake; every other at most once.
/// </summary>
public static class KillCycles
{
    private static readonly TimeSpan _drain = TimeSpan.FromSeconds(180);

    /// <summary>Runs the cycles and throws with a description where a record is missing or there twice.</summary>
    /// <param name="dataDirectory">An empty data directory.</param>
    /// <param name="cycles">How often to kill.</param>
    /// <param name="seed">Decides the moments.</param>
    /// <param name="log">Takes a line a cycle.</param>
    /// <param name="environment">Environment variables of the AppHost, such as connection strings of other stores.</param>
    public static async Task<KillReport> RunAsync(
        string dataDirectory, int cycles, int seed, Action<string> log, IReadOnlyDictionary<string, string>? environment = null)
    {
        var random = new Random(seed);
        var port = AppHostProcess.FreePort();
        using var stop = new CancellationTokenSource();
        var host = await AppHostProcess.StartAsync(dataDirectory, environment: environment, port: port);
        try
        {
            using var ledger = new ShopLedger(host.Url);
            var sending = ledger.SendAsync(stop.Token);
            for (var cycle = 1; cycle <= cycles; cycle++)
            {
                await Task.Delay(random.Next(300, 4_000));
                await host.KillAsync();
                log(string.Create(CultureInfo.InvariantCulture,
                    $"cycle {cycle}: killed with {ledger.Events.Values.Count(a => a):N0} events and {ledger.Orders.Values.Count(a => a):N0} orders acknowledged"));
                host = await AppHostProcess.StartAsync(dataDirectory, environment: environment, port: port);
            }

            await Task.Delay(1_000);
            await stop.CancelAsync();
            await sending;
            await DrainAsync(host.Url);
            var stored = await VerifyAsync(
                ledger, AppHostProcess.WarehouseOf(dataDirectory),
                environment?.GetValueOrDefault("ConnectionStrings__lake") ?? Path.Combine(dataDirectory, "lake"), environment?.GetValueOrDefault("ConnectionStrings__kafka"));
            return new KillReport(cycles, ledger.Events.Values.Count(a => a), ledger.Orders.Values.Count(a => a), stored.Events, stored.Orders);
        }
        finally
        {
            await stop.CancelAsync();
            await host.DisposeAsync();
        }
    }

    /// <summary>Waits until every consumer group has read everything.</summary>
    public static async Task DrainAsync(Uri url)
    {
        using var http = new HttpClient { BaseAddress = url };
        var status = "";
        await Eventually.TrueAsync(async () =>
        {
            status = await http.GetStringAsync("/status");
            var groups = System.Text.Json.Nodes.JsonNode.Parse(status)!["Groups"]!.AsArray();
            return groups.Count >= 2 && groups.All(g => (long)g!["Lag"]! == 0);
        }, _drain, () => status);
    }

    /// <summary>Compares the books with the stores; throws where they differ.</summary>
    /// <param name="ledger">The books.</param>
    /// <param name="connectionString">The warehouse.</param>
    /// <param name="lake">The connection string of the lake: a folder or a bucket.</param>
    /// <param name="kafka">The brokers where the log is in Kafka: what is stored twice is then looked for in its topic.</param>
    /// <returns>How many events and orders are stored.</returns>
    public static async Task<(int Events, int Orders)> VerifyAsync(ShopLedger ledger, string connectionString, string lake, string? kafka = null)
    {
        if (ledger.Unexpected > 0)
            throw new InvalidOperationException($"{ledger.Unexpected} unexpected answers, the last one: {ledger.UnexpectedAnswer}");
        await using var warehouse = NpgsqlDataSource.Create(connectionString);
        var events = await ReadAsync(warehouse, "select session_id, count(*) from events.user_events group by session_id");
        await CompareAsync("event", ledger.Events, events, kafka, "UserEvents");
        var wrongCounts = await ReadAsync(warehouse, """
            select coalesce(c.user_id, e.user_id) || '/' || coalesce(c.event_name, e.event_name), 1::bigint
            from events.event_counts c
            full join (select user_id, event_name, count(*) n from events.user_events group by 1, 2) e on e.user_id = c.user_id and e.event_name = c.event_name
            where c.event_count is distinct from e.n
            """);
        if (wrongCounts.Count > 0)
            throw new InvalidOperationException($"{wrongCounts.Count} counts differ from the events, for example of {wrongCounts.Keys.First()}");
        using var copy = RadosGateway.IsBucket(lake) ? new TempDirectory() : null;
        if (copy is not null)
            await RadosGateway.MirrorAsync(lake, copy.FullPath);
        var orders = LakeOrders(Path.Combine(copy?.FullPath ?? lake, "raw", "purchased_items"));
        await CompareAsync("order", ledger.Orders, orders, kafka, "PurchasedItem");
        return (events.Count, orders.Count);
    }

    private static async Task CompareAsync(string kind, IReadOnlyDictionary<string, bool> sent, Dictionary<string, long> stored, string? kafka, string topic)
    {
        var lost = sent.Where(s => s.Value && !stored.ContainsKey(s.Key)).Select(s => s.Key).ToList();
        var twice = stored.Where(s => s.Value > 1).Select(s => s.Key).ToList();
        var unknown = stored.Keys.Where(k => !sent.ContainsKey(k)).ToList();
        if (lost.Count + twice.Count + unknown.Count == 0)
            return;
        var inLog = kafka is null || Kcat.Missing is not null ? [] : twice.Concat(lost).Take(5).Select(async id =>
            $"\n{id} in {topic}: {string.Join("; ", await Kcat.FindAsync(kafka, topic, $"\"{id}\""))}");
        throw new InvalidOperationException(
            $"{kind}s: {lost.Count} acknowledged are missing ({lost.FirstOrDefault()}), {twice.Count} are there twice ({twice.FirstOrDefault()}), {unknown.Count} were never sent ({unknown.FirstOrDefault()})"
            + string.Concat(await Task.WhenAll(inLog)));
    }

    private static async Task<Dictionary<string, long>> ReadAsync(NpgsqlDataSource warehouse, string sql)
    {
        await using var command = warehouse.CreateCommand(sql);
        command.CommandTimeout = 120;
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new Dictionary<string, long>(StringComparer.Ordinal);
        while (await reader.ReadAsync())
            rows[reader.GetString(0)] = reader.GetInt64(1);
        return rows;
    }

    /// <summary>Reads the live files by the log's own JSON, not through the code under test.</summary>
    private static Dictionary<string, long> LakeOrders(string table)
    {
        var files = DeltaFolder.LiveFiles(table);
        var rows = new Dictionary<string, long>(StringComparer.Ordinal);
        if (files.Count == 0)
            return rows;
        using var database = DuckDatabase.Open();
        using var connection = database.Connect();
        using var result = connection.Query($"select OrderId, count(*)::bigint from read_parquet([{string.Join(',', files.Select(Sql.Literal))}]) group by OrderId");
        while (result.ReadChunk(out var chunk))
        {
            var counts = chunk.Column(1).Span<long>();
            for (var row = 0; row < chunk.RowCount; row++)
                rows[chunk.Column(0).GetString(row)] = counts[row];
        }

        return rows;
    }
}

/// <summary>What a run of kill cycles found; it throws where something is wrong.</summary>
/// <param name="Cycles">How often the host was killed.</param>
/// <param name="AcknowledgedEvents">Events answered with 202.</param>
/// <param name="AcknowledgedOrders">Orders answered with 202.</param>
/// <param name="StoredEvents">Events in the store: the acknowledged ones and maybe some whose answer was cut off.</param>
/// <param name="StoredOrders">Orders in the lake, likewise.</param>
public sealed record KillReport(int Cycles, int AcknowledgedEvents, int AcknowledgedOrders, int StoredEvents, int StoredOrders);
