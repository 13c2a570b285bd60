using System.Globalization;
using System.Text.Json.Serialization;
using Pipeline.Workers.Generator;

namespace Pipeline.Workers.CommandLine;

/// <summary>What <c>generate --json</c> prints.</summary>
internal sealed record GenerateSummary(
    Uri Url, int Seed, string RunId, double ElapsedSeconds, RouteCounts Events, RouteCounts Orders, string? LastTrouble);

/// <summary>What <c>replay --json</c> prints; Sent is absent in a dry run.</summary>
internal sealed record ReplaySummary(string File, FileSummary Read, SendSummary? Sent);

/// <summary>What a retail file holds.</summary>
internal sealed record FileSummary(
    long Lines, long OrderLines, long Orders, decimal Revenue, DateTimeOffset? From, DateTimeOffset? To, int CancelledInvoices,
    IReadOnlyDictionary<string, long> SkippedLines, IReadOnlyList<CsvProblem> Problems)
{
    public static FileSummary Of(CsvReport report) => new(
        report.Lines, report.OrderLines, report.Orders, report.Revenue, report.From, report.To, report.CancelledInvoices,
        Enum.GetValues<CsvSkipReason>().ToDictionary(r => r.ToString(), report.Skipped), report.Problems);
}

/// <summary>What became of the orders of a retail file.</summary>
internal sealed record SendSummary(Uri Url, bool Complete, long Batches, double ElapsedSeconds, RouteCounts Orders, string? LastTrouble);

[JsonSourceGenerationOptions(UseStringEnumConverter = true)]
[JsonSerializable(typeof(GenerateSummary))]
[JsonSerializable(typeof(ReplaySummary))]
internal sealed partial class SummaryJson : JsonSerializerContext;

/// <summary>Counts in words.</summary>
internal static class Words
{
    public static string Count(long count) => count.ToString("N0", CultureInfo.InvariantCulture);

    public static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("N1", CultureInfo.InvariantCulture);

    public static string Of(CsvSkipReason reason) => reason switch
    {
        CsvSkipReason.Unreadable => "not readable",
        CsvSkipReason.Cancellation => "of a cancelled invoice",
        CsvSkipReason.MissingCustomer => "without a customer",
        CsvSkipReason.QuantityNotPositive => "with a quantity of 0 or less",
        CsvSkipReason.PriceNotPositive => "with a price of 0 or less",
        CsvSkipReason.OtherCustomer => "of another customer than the invoice",
        _ => "too far from the other lines of the invoice",
    };

    /// <summary>"120 accepted, 2 rejected": accepted always, the others when there are any.</summary>
    public static string Of(RouteCounts counts)
    {
        var parts = new List<string> { $"{Count(counts.Accepted)} accepted" };
        Add(counts.Rejected, "rejected");
        Add(counts.Failed, "given up");
        Add(counts.Unanswered, "unanswered at the stop");
        Add(counts.Unsent, "not sent because of the stop");
        Add(counts.Skipped, "not made because the API did not keep up");
        Add(counts.Retried, "requests repeated");
        Add(counts.Throttled, "times told to wait");
        return string.Join(", ", parts);

        void Add(long count, string what)
        {
            if (count > 0)
                parts.Add($"{Count(count)} {what}");
        }
    }
}
