using System.CommandLine;
using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Benchmarks.Load;
using Pipeline.DuckDb;
using Pipeline.EventLog;
using Pipeline.Hosting;
using Pipeline.Postgres;
using Pipeline.Purchases.Infrastructure;
using Pipeline.Testing;

namespace Pipeline.Benchmarks;

/// <summary>
/// Orders as the log gives them, to a committed version of the Delta table; beside DuckDB's own read_json → COPY TO parquet of the same rows from a file. Both with two threads, in turns.
/// </summary>
internal static class LandingBenchmark
{
    private const double Limit = 70;
    private const double S3Limit = 60;
    private const int BatchRecords = 5_000;

    private const string Columns =
        "{SessionId:'VARCHAR',TimeStamp:'TIMESTAMP WITH TIME ZONE',UserId:'VARCHAR',TotalPrice:'DECIMAL(18,4)',OrderId:'VARCHAR',Products:'STRUCT(ProductId VARCHAR,ItemCount INTEGER,ItemPrice DECIMAL(18,4),ItemDiscount DECIMAL(18,4))[]',PaymentType:'VARCHAR'}";

    public static Command Command()
    {
        var orders = new Option<int>("--orders") { DefaultValueFactory = _ => 1_000_000, Description = "How many, rounded down to whole batches of 5,000." };
        var rounds = new Option<int>("--rounds") { DefaultValueFactory = _ => 3 };
        var s3 = new Option<bool>("--s3") { Description = "To a bucket of Ceph's gateway on this machine, beside landing to a folder." };
        var command = new Command("landing", "Orders a second from JSON to a committed Delta table, beside DuckDB's own COPY.") { orders, rounds, s3 };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            Func<int, int, CancellationToken, Task<bool>> run = parsed.GetValue(s3) ? RunBesideFolderAsync : RunAsync;
            return await run(parsed.GetValue(orders), parsed.GetValue(rounds), cancellationToken) ? 0 : 1;
        });
        return command;
    }

    /// <summary>The server shares the machine with what it is measured with, and keeps all in memory.</summary>
    private static async Task<bool> RunBesideFolderAsync(int orders, int rounds, CancellationToken cancellationToken)
    {
        if (RadosGateway.Missing is { } missing)
        {
            Report.Line($"{missing}");
            return false;
        }

        orders -= orders % BatchRecords;
        using var data = new TempDirectory();
        var batches = Prepare(orders, Path.Combine(data.FullPath, "orders.ndjson"));
        var gateway = new RadosGateway();
        await gateway.InitializeAsync();
        try
        {
            await using var postgres = await PrivatePostgres.StartAsync(
                new PrivatePostgresOptions { DataDirectory = data.FullPath }, NullLoggerFactory.Instance, TimeProvider.System, cancellationToken);
            await LandAsync(postgres.ConnectionString, Path.Combine(data.FullPath, "lake-warm-up"), batches, cancellationToken);
            await LandAsync(postgres.ConnectionString, gateway.NewLake(), batches, cancellationToken);
            var ratios = new List<double>();
            for (var round = 1; round <= rounds; round++)
            {
                var folder = await LandAsync(postgres.ConnectionString, Path.Combine(data.FullPath, $"lake-{round}"), batches, cancellationToken);
                var bucket = await LandAsync(postgres.ConnectionString, gateway.NewLake(), batches, cancellationToken);
                ratios.Add(bucket / folder * 100);
                Report.Line($"round {round}: to a folder {folder:N0} orders/s, to S3 {bucket:N0} orders/s, ratio {ratios[^1]:N0} %");
            }

            return Report.AtLeast($"landing to S3 beside landing to a folder, median of {rounds}", ratios.Order().ElementAt(rounds / 2), S3Limit, "%");
        }
        finally
        {
            await gateway.DisposeAsync();
        }
    }

    private static async Task<bool> RunAsync(int orders, int rounds, CancellationToken cancellationToken)
    {
        orders -= orders % BatchRecords;
        using var data = new TempDirectory();
        var lines = Path.Combine(data.FullPath, "orders.ndjson");
        var batches = Prepare(orders, lines);
        Report.Line($"{orders:N0} orders of {new FileInfo(lines).Length / (double)orders:N0} bytes");
        await using var postgres = await PrivatePostgres.StartAsync(
            new PrivatePostgresOptions { DataDirectory = data.FullPath }, NullLoggerFactory.Instance, TimeProvider.System, cancellationToken);
        // As a server that has run for a while: its code is compiled.
        await LandAsync(postgres.ConnectionString, Path.Combine(data.FullPath, "lake-warm-up"), batches, cancellationToken);
        var ratios = new List<double>();
        for (var round = 1; round <= rounds; round++)
        {
            var copy = Copy(lines, Path.Combine(data.FullPath, $"copy-{round}"), orders);
            var landing = await LandAsync(postgres.ConnectionString, Path.Combine(data.FullPath, $"lake-{round}"), batches, cancellationToken);
            ratios.Add(landing / copy * 100);
            Report.Line($"round {round}: DuckDB's own {copy:N0} orders/s, landing {landing:N0} orders/s, ratio {ratios[^1]:N0} %");
        }

        return Report.AtLeast($"landing beside DuckDB's own COPY, median of {rounds}", ratios.Order().ElementAt(rounds / 2), Limit, "%");
    }

    private static List<byte[]> Prepare(int orders, string lines)
    {
        var random = new Random(5);
        var now = DateTimeOffset.UtcNow;
        var batches = new List<byte[]>();
        using var file = new FileStream(lines, FileMode.Create);
        for (var at = 0; at < orders; at += BatchRecords)
        {
            using var batch = new MemoryStream();
            for (var i = at; i < Math.Min(orders, at + BatchRecords); i++)
            {
                var order = Encoding.UTF8.GetBytes(Shop.Order(random, now, $"order-{i}"));
                file.Write(order);
                file.WriteByte((byte)'\n');
                var record = new NewRecord(Encoding.UTF8.GetBytes($"user-{i % 1000}"), order);
                var bytes = new byte[RecordCodec.GetSize(record)];
                RecordCodec.Write(bytes, record, now.ToUnixTimeMilliseconds());
                batch.Write(bytes);
            }

            batches.Add(batch.ToArray());
        }

        return batches;
    }

    /// <summary>DuckDB alone, in files of as many rows as a commit has.</summary>
    private static double Copy(string lines, string folder, int orders)
    {
        Directory.CreateDirectory(folder);
        using var database = DuckDatabase.Open(new DuckOptions { Threads = 2 });
        using var connection = database.Connect();
        connection.Execute("set preserve_insertion_order = false");
        var started = Stopwatch.GetTimestamp();
        connection.Execute($"copy (select * from read_json({Sql.Literal(lines)}, format = 'newline_delimited', columns = {Columns})) to {Sql.Literal(Path.Combine(folder, "orders.parquet"))} (format parquet, compression zstd)");
        return orders / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static async Task<double> LandAsync(string warehouse, string lake, List<byte[]> batches, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration["ConnectionStrings:warehouse"] = warehouse;
        builder.Configuration["ConnectionStrings:lake"] = lake;
        builder.AddPipeline("benchmark");
        builder.AddPipelineWorkers();
        await using var app = builder.Build();
        var sink = app.Services.GetRequiredService<LandingSink>();
        await using var consumer = new BatchConsumer(batches, BatchRecords);
        await sink.OnAssignedAsync([0], cancellationToken);
        var started = Stopwatch.GetTimestamp();
        while (consumer.Committed < consumer.End)
            await sink.StepAsync(consumer, cancellationToken);
        return consumer.End / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }
}
