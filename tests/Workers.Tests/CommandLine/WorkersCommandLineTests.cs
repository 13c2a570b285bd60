using System.Text.Json;
using Pipeline.Workers.CommandLine;
using Pipeline.Workers.Generator;

namespace Pipeline.Workers.Tests;

public sealed class WorkersCommandLineTests
{
    [Fact]
    public async Task None_WithoutHost_PrintsHelp()
    {
        var (code, output, _) = await RunAsync([]);
        Assert.Equal(ExitCode.Ok, code);
        Assert.Contains("generate", output, StringComparison.Ordinal);
        Assert.Contains("replay", output, StringComparison.Ordinal);
        Assert.DoesNotContain("  run ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NoneOrRun_WithHost_RunsItWithTheArgumentsLeft()
    {
        var seen = new List<string[]>();
        Task<int> Host(string[] args, CancellationToken cancellationToken)
        {
            seen.Add(args);
            return Task.FromResult(42);
        }

        Assert.Equal(42, await WorkersCommandLine.InvokeAsync([], Host, TextWriter.Null, TextWriter.Null));
        Assert.Equal(42, await WorkersCommandLine.InvokeAsync(["run", "--Lake:Path", "/x", "--a=b"], Host, TextWriter.Null, TextWriter.Null));
        Assert.Equal([[], ["--Lake:Path", "/x", "--a=b"]], seen);
    }

    [Theory]
    [InlineData("generate")]
    [InlineData("replay")]
    public async Task Help_OfACommand_NamesItsOptions(string command)
    {
        var (code, output, _) = await RunAsync([command, "--help"]);
        Assert.Equal(ExitCode.Ok, code);
        Assert.Contains("--url <URL>", output, StringComparison.Ordinal);
        Assert.Contains("--json", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("unknown", "unknown")]
    [InlineData("replay", "--csv")]
    [InlineData("replay --csv x --batch 0", "--batch must be 1 to 10000, not 0.")]
    [InlineData("replay --csv x --speed 0", "--speed must be")]
    [InlineData("generate --users 0", "--users must be 1 to 10000000, not 0.")]
    [InlineData("generate --events-per-second -1", "--events-per-second must be 0 to 100000, not -1.")]
    [InlineData("generate --events-per-second NaN", "--events-per-second must be 0 to 100000, not NaN.")]
    [InlineData("generate --orders-per-second many", "many")]
    [InlineData("generate --duration 5x", "--duration needs a time such as 30s, 5m or 00:05:00, not '5x'.")]
    [InlineData("generate --url nowhere", "--url needs an absolute http or https address, not 'nowhere'.")]
    [InlineData("generate --seed 1 --colour", "--colour")]
    public async Task WrongUse_Any_ExitsWith2AndSaysWhy(string commandLine, string expected)
    {
        var (code, output, error) = await RunAsync(commandLine.Split(' '));
        Assert.Equal(ExitCode.Usage, code);
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.Equal("", output);
    }

    [Theory]
    [InlineData("90", 90.0)]
    [InlineData("1.5s", 1.5)]
    [InlineData("500ms", 0.5)]
    [InlineData("2m", 120.0)]
    [InlineData("1h", 3600.0)]
    [InlineData("00:05:00", 300.0)]
    [InlineData("0", null)]
    [InlineData("-5s", null)]
    [InlineData("", null)]
    [InlineData("s", null)]
    [InlineData("1e99", null)]
    [InlineData("00:00:00", null)]
    public void Time_OfText_IsRead(string text, double? seconds) => Assert.Equal(seconds, OptionParsing.Time(text)?.TotalSeconds);

    [Theory]
    [InlineData("generate --duration 1s")]
    [InlineData("replay --csv SAMPLE")]
    public async Task NothingAnswers_Any_ExitsWith1AndSaysHowToStart(string commandLine)
    {
        var args = commandLine.Split(' ').Select(a => a == "SAMPLE" ? Repository.SampleCsv : a);
        var (code, _, error) = await RunAsync([.. args, "--url", "http://127.0.0.1:1"]);
        Assert.Equal(ExitCode.Failed, code);
        Assert.Equal("nothing answers at http://127.0.0.1:1; start it with dotnet run --project src/AppHost.", error.Trim());
    }

    [Fact]
    public async Task Replay_FileThatIsNotThere_ExitsWith1()
    {
        var (code, _, error) = await RunAsync(["replay", "--csv", "/no/such/file.csv", "--dry-run"]);
        Assert.Equal(ExitCode.Failed, code);
        Assert.StartsWith("open /no/such/file.csv: ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Replay_DryRun_PrintsTheReportAndSendsNothing()
    {
        var (code, output, error) = await RunAsync(["replay", "--csv", Repository.SampleCsv, "--dry-run", "--url", "http://127.0.0.1:1"]);
        Assert.Equal((ExitCode.Ok, ""), (code, error));
        Assert.Equal(
            """
            Read 70 lines: 23 orders with 56 lines, worth 1,618.35, of 2021-03-01 08:26 to 2021-03-05 15:30 UTC.
            Lines that are not part of an order: 14
              5 of a cancelled invoice
              7 without a customer
              1 with a quantity of 0 or less
              1 with a price of 0 or less
            Cancelled invoices: 4
            """,
            output.Trim());
    }

    [Fact]
    public async Task Replay_Json_PrintsOneObject()
    {
        await using var shop = await FakeShop.StartAsync();
        var (code, output, error) = await RunAsync(["replay", "--csv", Repository.SampleCsv, "--json", "--batch", "5", "--url", shop.Url.ToString()]);
        Assert.Equal((ExitCode.Ok, ""), (code, error));
        var summary = JsonDocument.Parse(output).RootElement;
        Assert.Equal(23, summary.GetProperty("Read").GetProperty("Orders").GetInt64());
        Assert.Equal(5, summary.GetProperty("Read").GetProperty("SkippedLines").GetProperty("Cancellation").GetInt64());
        Assert.Equal(23, summary.GetProperty("Sent").GetProperty("Orders").GetProperty("Accepted").GetInt64());
        Assert.True(summary.GetProperty("Sent").GetProperty("Complete").GetBoolean());
        Assert.Equal(5, shop.Requests.Count);
    }

    [Fact]
    public async Task Replay_OrdersRefused_ExitsWith1()
    {
        await using var shop = await FakeShop.StartAsync(_ => new Answer(400, Problem: """{"title":"No."}"""));
        var (code, output, error) = await RunAsync(["replay", "--csv", Repository.SampleCsv, "--url", shop.Url.ToString()]);
        Assert.Equal(ExitCode.Failed, code);
        Assert.Contains("0 accepted, 23 rejected", output, StringComparison.Ordinal);
        Assert.Equal("Some orders were not taken; the last trouble: POST /PurchasedItems was answered 400: No.", error.Trim());
    }

    [Fact]
    public async Task Generate_Duration_SendsAndPrintsTheSummary()
    {
        await using var shop = await FakeShop.StartAsync();
        var (code, output, error) = await RunAsync(
            ["generate", "--seed", "5", "--duration", "1s", "--events-per-second", "30", "--orders-per-second", "4", "--url", shop.Url.ToString()]);
        Assert.Equal((ExitCode.Ok, ""), (code, error));
        Assert.Contains("seed 5: 30 events/s and 4 orders/s", output, StringComparison.Ordinal);
        Assert.Contains("Events: 30 accepted.", output, StringComparison.Ordinal);
        Assert.Contains("Orders: 4 accepted.", output, StringComparison.Ordinal);
        Assert.Equal(31, shop.Requests.Count);
    }

    [Fact]
    public async Task Generate_Stopped_EndsCleanlyWithJson()
    {
        await using var shop = await FakeShop.StartAsync();
        using var stop = new CancellationTokenSource();
        var run = RunAsync(["generate", "--json", "--events-per-second", "10", "--orders-per-second", "0", "--url", shop.Url.ToString()], stop.Token);
        await shop.NextAsync(10);
        await stop.CancelAsync();
        var (code, output, _) = await run;
        Assert.Equal(ExitCode.Ok, code);
        var events = JsonDocument.Parse(output).RootElement.GetProperty("Events");
        Assert.Equal(events.GetProperty(nameof(RouteCounts.Generated)).GetInt64(), events.GetProperty(nameof(RouteCounts.Accepted)).GetInt64());
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(string[] args, CancellationToken cancellationToken = default)
    {
        await using var output = new StringWriter();
        await using var error = new StringWriter();
        var code = await WorkersCommandLine.InvokeAsync(args, null, output, error, TimeProvider.System, cancellationToken);
        return (code, output.ToString(), error.ToString());
    }
}
