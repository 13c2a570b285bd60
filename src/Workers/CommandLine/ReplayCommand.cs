using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Pipeline.ServiceDefaults.Access;
using Pipeline.Workers.Generator;
using Spectre.Console;

namespace Pipeline.Workers.CommandLine;

/// <summary>The command <c>replay</c>.</summary>
internal static class ReplayCommand
{
    public static Command Create(Consoles consoles, TimeProvider time)
    {
        var csv = new Option<string>("--csv")
        {
            Description = "File in the format of the UCI \"Online Retail\" data set.",
            HelpName = "FILE",
            Required = true,
        };
        var url = OptionParsing.Url();
        var batch = new Option<int>("--batch") { Description = "Orders in one request.", HelpName = "N", DefaultValueFactory = _ => 500 }.Within(1, 10_000);
        var speed = new Option<double?>("--speed")
        {
            Description = "Seconds of the shop's time in one second, for example 3600; without it, as fast as the API takes them.",
            HelpName = "N",
        }.Within(0.001, 1e9);
        var again = new Option<bool>("--again") { Description = "Send all orders anew, though the API took them within 24 hours." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Read the file and print the report; send nothing." };
        var json = new Option<bool>("--json") { Description = "Print the report and summary as JSON; progress goes to standard error." };

        var command = new Command(
            "replay",
            "Send the invoices of a retail CSV file to POST /PurchasedItems, one order an invoice. Cancellations and unusable lines are reported, not sent. "
            + "The keys of the requests come from their content: replaying the same file with the same --batch and --speed within 24 hours adds nothing twice.")
        {
            csv, url, batch, speed, again, dryRun, json,
        };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            parsed.GetValue(csv)!,
            new ReplayOptions
            {
                Url = parsed.GetValue(url)!,
                Key = AccessOptions.OwnKey(),
                Batch = parsed.GetValue(batch),
                Speed = parsed.GetValue(speed),
                Again = parsed.GetValue(again) ? time.GetUtcNow().ToString("yyyyMMddHHmmssfff", CultureInfo.InvariantCulture) : null,
            },
            parsed.GetValue(dryRun), parsed.GetValue(json), consoles, time, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(
        string path, ReplayOptions options, bool dryRun, bool json, Consoles consoles, TimeProvider time, CancellationToken cancellationToken)
    {
        await using var file = Open(path);
        var report = new CsvReport();
        ReplayResult? result = null;
        if (dryRun)
        {
            await foreach (var order in CsvOrders.ReadAsync(file, report, options.Window, cancellationToken))
                cancellationToken.ThrowIfCancellationRequested();
        }
        else
        {
            using var metrics = new GeneratorMetrics();
            result = await SendAsync(new CsvReplay(options, time, metrics), file, report, json ? consoles.Error : consoles.Out, time, cancellationToken);
        }

        if (json)
        {
            var sent = result is null
                ? null
                : new SendSummary(options.Url, result.Complete, result.Batches, result.Elapsed.TotalSeconds, result.Counts, result.LastTrouble);
            consoles.WriteRaw(JsonSerializer.Serialize(new ReplaySummary(path, FileSummary.Of(report), sent), SummaryJson.Default.ReplaySummary));
        }
        else
        {
            Print(consoles.Out, report);
            if (result is not null)
                consoles.Out.WriteLine($"Sent {Words.Count(result.Batches)} batches in {Words.Seconds(result.Elapsed)} s: {Words.Of(result.Counts)}.");
        }

        if (result is null || (result.Complete && result.Counts.Rejected + result.Counts.Failed == 0))
            return ExitCode.Ok;
        const string GoOn = "run the same command again to go on, nothing is added twice within 24 hours";
        consoles.Fail(
            result.Complete ? $"Some orders were not taken; the last trouble: {result.LastTrouble}"
            : result.Counts.Failed > 0 ? $"The API was given up: {result.LastTrouble}; {GoOn}"
            : $"Stopped before the end; {GoOn}");
        return ExitCode.Failed;
    }

    private static async Task<ReplayResult> SendAsync(
        CsvReplay replay, FileStream file, CsvReport report, IAnsiConsole console, TimeProvider time, CancellationToken cancellationToken)
    {
        var length = Math.Max(file.Length, 1);
        var run = replay.RunAsync(file, report, cancellationToken);
        await Consoles.ShowWhileAsync(console, time, Line, run);
        return await run;

        string Line()
        {
            var counts = replay.Counts;
            var line = string.Create(CultureInfo.InvariantCulture, $"{100.0 * file.Position / length:N0}% read, orders: {Words.Of(counts)}");
            return counts.Retried + counts.Rejected > 0 ? $"{line} - {replay.LastTrouble}" : line;
        }
    }

    private static FileStream Open(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.Asynchronous | FileOptions.SequentialScan);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TerminalException($"open {path}: {e.Message}", e);
        }
    }

    private static void Print(IAnsiConsole console, CsvReport report)
    {
        var period = report.From is { } from && report.To is { } to
            ? string.Create(CultureInfo.InvariantCulture, $", of {from:yyyy-MM-dd HH:mm} to {to:yyyy-MM-dd HH:mm} UTC")
            : "";
        console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Read {report.Lines:N0} lines: {report.Orders:N0} orders with {report.OrderLines:N0} lines, worth {report.Revenue:N2}{period}."));
        if (report.SkippedLines > 0)
            console.WriteLine($"Lines that are not part of an order: {Words.Count(report.SkippedLines)}");
        foreach (var reason in Enum.GetValues<CsvSkipReason>().Where(r => report.Skipped(r) > 0))
            console.WriteLine($"  {Words.Count(report.Skipped(reason))} {Words.Of(reason)}");
        if (report.CancelledInvoices > 0)
            console.WriteLine($"Cancelled invoices: {Words.Count(report.CancelledInvoices)}");

        foreach (var problem in report.Problems)
            console.WriteLine($"  line {problem.Line}: {Words.Of(problem.Reason)}: {problem.Detail}");
    }
}
