using Microsoft.Extensions.Options;

namespace Pipeline.Ingestion;

/// <summary>Settings of ingestion; section <c>Ingestion</c>.</summary>
public sealed class IngestionOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Ingestion";

    /// <summary>How far in the future a timestamp may be: clocks of clients are off. Default 24 h.</summary>
    public TimeSpan MaxFuture { get; set; } = TimeSpan.FromHours(24);

    /// <summary>The earliest timestamp taken. Default 1970-01-01.</summary>
    public DateTimeOffset Earliest { get; set; } = DateTimeOffset.UnixEpoch;

    /// <summary>The largest request body, in bytes; above it the answer is 413. Default 8 MiB.</summary>
    public int MaxBodyBytes { get; set; } = 8 << 20;

    /// <summary>The most orders of one request; above it the answer is 413. Default 10,000.</summary>
    public int MaxOrders { get; set; } = 10_000;

    /// <summary>How many requests may be under way at once in this process; above it the answer is 429. Default 4,096.</summary>
    public int MaxInFlightRequests { get; set; } = 4_096;

    /// <summary>How many bytes of bodies may be under way at once in this process; above it the answer is 429. Default 128 MiB.</summary>
    public long MaxInFlightBytes { get; set; } = 128L << 20;

    /// <summary>The seconds that 429 and 503 answers ask clients to wait. Default 1.</summary>
    public int RetryAfterSeconds { get; set; } = 1;

    /// <summary>Partitions of the topics that ingestion creates. Default 4.</summary>
    public int Partitions { get; set; } = 4;

    /// <summary>
    /// How long the log keeps records of these topics, unless a consumer group has yet to read them; zero keeps them for ever. Dead letters are kept. Default 7 days.
    /// </summary>
    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(7);

    /// <summary>How large each of these topics may get, in bytes, before its oldest records that every group has read are dropped; zero sets no limit. Default 0.</summary>
    public long RetentionBytes { get; set; }

    /// <summary><c>off</c>, <c>gross</c> (sum of price × count) or <c>net</c> (sum of (price − discount) × count). A mismatch marks the order. Default off.</summary>
    public string TotalPriceRule { get; set; } = "off";

    /// <summary>How long an <c>Idempotency-Key</c> is remembered. Default 24 h.</summary>
    public TimeSpan IdempotencyWindow { get; set; } = TimeSpan.FromHours(24);

    /// <summary>How many refused requests are kept for <c>GET /ingestion/rejected</c>. Default 1,000.</summary>
    public int RejectedKept { get; set; } = 1_000;

    /// <summary>A folder on the disk that log and lake are on; null where they are elsewhere. The AppHost sets it to its data directory.</summary>
    public string? DiskFolder { get; set; }

    /// <summary>
    /// The free bytes on the disk of <see cref="DiskFolder"/> below which requests are answered with 503: what is accepted must still be stored, counted and landed.
    /// Zero looks at nothing. Default 1 GiB.
    /// </summary>
    public long MinFreeBytes { get; set; } = 1L << 30;
}

/// <summary>Finds everything that is wrong with the settings at once, before the host starts.</summary>
internal sealed class IngestionOptionsValidator : IValidateOptions<IngestionOptions>
{
    public ValidateOptionsResult Validate(string? name, IngestionOptions options)
    {
        var failures = new List<string>();
        Check(options.MaxFuture >= TimeSpan.Zero, nameof(options.MaxFuture), options.MaxFuture, "must not be negative");
        Check(options.MaxBodyBytes is >= 1024 and <= 256 << 20, nameof(options.MaxBodyBytes), options.MaxBodyBytes, "must be from 1024 to 268435456");
        Check(options.MaxOrders is >= 1 and <= 1_000_000, nameof(options.MaxOrders), options.MaxOrders, "must be from 1 to 1000000");
        Check(options.MaxInFlightRequests >= 1, nameof(options.MaxInFlightRequests), options.MaxInFlightRequests, "must be at least 1");
        Check(options.MaxInFlightBytes >= options.MaxBodyBytes, nameof(options.MaxInFlightBytes), options.MaxInFlightBytes, "must be at least MaxBodyBytes");
        Check(options.RetryAfterSeconds is >= 1 and <= 3600, nameof(options.RetryAfterSeconds), options.RetryAfterSeconds, "must be from 1 to 3600");
        Check(options.Partitions is >= 1 and <= 1000, nameof(options.Partitions), options.Partitions, "must be from 1 to 1000");
        Check(options.Retention >= TimeSpan.Zero, nameof(options.Retention), options.Retention, "must not be negative");
        Check(options.RetentionBytes >= 0, nameof(options.RetentionBytes), options.RetentionBytes, "must not be negative");
        Check(options.Retention == TimeSpan.Zero || options.Retention >= options.IdempotencyWindow, nameof(options.Retention), options.Retention,
            "must be zero or at least IdempotencyWindow, which looks for records in the log");
        Check(Enum.TryParse<Domain.TotalPriceRule>(options.TotalPriceRule, ignoreCase: true, out var rule) && Enum.IsDefined(rule),
            nameof(options.TotalPriceRule), options.TotalPriceRule, "must be off, gross or net");
        Check(options.IdempotencyWindow > TimeSpan.Zero, nameof(options.IdempotencyWindow), options.IdempotencyWindow, "must be positive");
        Check(options.RejectedKept is >= 1 and <= 100_000, nameof(options.RejectedKept), options.RejectedKept, "must be from 1 to 100000");
        Check(options.MinFreeBytes >= 0, nameof(options.MinFreeBytes), options.MinFreeBytes, "must not be negative");
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);

        void Check(bool valid, string option, object value, string rule)
        {
            if (!valid)
                failures.Add($"{IngestionOptions.Section}:{option} {rule}; it is {value}.");
        }
    }
}
