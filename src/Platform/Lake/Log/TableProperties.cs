using System.Globalization;

namespace Pipeline.Lake;

/// <summary>Reads the properties of a table that this implementation obeys.</summary>
internal static class TableProperties
{
    public const string AppendOnly = "delta.appendOnly";
    public const string CheckpointInterval = "delta.checkpointInterval";
    public const string LogRetention = "delta.logRetentionDuration";
    public const string DeletedFileRetention = "delta.deletedFileRetentionDuration";
    public const string CleanUpExpiredLogs = "delta.enableExpiredLogCleanup";
    public const string IndexedColumns = "delta.dataSkippingNumIndexedCols";
    public const string TransactionRetention = "delta.setTransactionRetentionDuration";

    private static readonly TimeSpan _shortestLog = TimeSpan.FromDays(1);

    public static bool IsAppendOnly(Metadata metadata) => Flag(metadata, AppendOnly, false);

    public static bool CleansUpLogs(Metadata metadata) => Flag(metadata, CleanUpExpiredLogs, true);

    public static int Checkpoints(Metadata metadata, int otherwise) => Number(metadata, CheckpointInterval, otherwise, 1);

    /// <summary>How many leading columns get statistics; all where it is negative.</summary>
    public static int StatisticsColumns(Metadata metadata) => Number(metadata, IndexedColumns, 32, -1) is var n and >= 0 ? n : int.MaxValue;

    /// <summary>
    /// How long commits stay in the log; a day at least. A writer that looked an hour ago may commit on what it saw: were the commits since gone, it
    /// would take a version twice.
    /// </summary>
    public static TimeSpan LogKept(Metadata metadata) =>
        Interval(metadata, LogRetention, TimeSpan.FromDays(30)) is var kept && kept < _shortestLog ? _shortestLog : kept;

    public static TimeSpan DeletedFilesKept(Metadata metadata) => Interval(metadata, DeletedFileRetention, TimeSpan.FromDays(7));

    /// <summary>How long the position of an application is kept after it was last set; null where positions are kept for ever, which is the default.</summary>
    public static TimeSpan? TransactionsKept(Metadata metadata) =>
        metadata.Configuration.GetValueOrDefault(TransactionRetention) is null ? null : Interval(metadata, TransactionRetention, TimeSpan.Zero);

    private static bool Flag(Metadata metadata, string key, bool otherwise) =>
        metadata.Configuration.GetValueOrDefault(key) is not { } text ? otherwise
        : bool.TryParse(text, out var value) ? value
        : throw Unreadable(key, text, "true or false");

    private static int Number(Metadata metadata, string key, int otherwise, int least) =>
        metadata.Configuration.GetValueOrDefault(key) is not { } text ? otherwise
        : int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= least ? value
        : throw Unreadable(key, text, $"a whole number from {least}");

    // "interval 30 days", as Spark writes it; weeks down to milliseconds, several units after each other.
    private static TimeSpan Interval(Metadata metadata, string key, TimeSpan otherwise)
    {
        if (metadata.Configuration.GetValueOrDefault(key) is not { } text)
            return otherwise;
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).AsSpan();
        if (!words.IsEmpty && words[0].Equals("interval", StringComparison.OrdinalIgnoreCase))
            words = words[1..];
        if (words.IsEmpty || words.Length % 2 != 0)
            throw Unreadable(key, text, "like 'interval 7 days'");
        var total = TimeSpan.Zero;
        for (var i = 0; i < words.Length; i += 2)
        {
            if (!double.TryParse(words[i], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count))
                throw Unreadable(key, text, "like 'interval 7 days'");
            total += count * Unit(words[i + 1].ToLowerInvariant().TrimEnd('s'), key, text);
        }

        return total;
    }

    private static TimeSpan Unit(string unit, string key, string text) => unit switch
    {
        "week" => TimeSpan.FromDays(7),
        "day" => TimeSpan.FromDays(1),
        "hour" => TimeSpan.FromHours(1),
        "minute" => TimeSpan.FromMinutes(1),
        "second" => TimeSpan.FromSeconds(1),
        "millisecond" => TimeSpan.FromMilliseconds(1),
        _ => throw Unreadable(key, text, "like 'interval 7 days'"),
    };

    private static TerminalException Unreadable(string key, string text, string wanted) =>
        new($"Table property {key} is '{text}'; it must be {wanted}.");
}
