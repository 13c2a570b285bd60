using Microsoft.Extensions.Options;

namespace Pipeline.Analytics;

/// <summary>Settings of the module; section <c>Analytics</c>.</summary>
public sealed class AnalyticsOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Analytics";

    /// <summary>The longest time between two refreshes of <c>repeat_purchases</c> in the warehouse. Default 1 minute.</summary>
    public TimeSpan RefreshInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>The shortest time between two refreshes that landed orders cause. Default 15 s.</summary>
    public TimeSpan MinRefreshInterval { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>When a refresh gives up. Default 10 minutes.</summary>
    public TimeSpan RefreshTimeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>When a question gives up, the wait for its turn included; the answer is 503 then. Default 2 minutes.</summary>
    public TimeSpan QueryTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>How many questions are computed at once; others wait for their turn. Default 2.</summary>
    public int MaxConcurrentQueries { get; set; } = 2;

    /// <summary>Bytes that the engine may hold in memory, for all questions together; what does not fit spills to disk. Default 128 MiB.</summary>
    public long MemoryLimitBytes { get; set; } = 128L << 20;

    /// <summary>Threads of the engine; null means half of the cores, so that questions leave room for what lands. Default null.</summary>
    public int? Threads { get; set; }

    /// <summary>Where the engine spills to; a folder of its own is made in it. Null means the system's temporary folder. Default null.</summary>
    public string? TempDirectory { get; set; }

    /// <summary>Rows of answers that are kept for the same question over the same version; 0 keeps none. Default 100,000.</summary>
    public int CachedRows { get; set; } = 100_000;

    /// <summary>
    /// An answer that took longer than this to compute is given again for four times as long, though the lake has a newer version: over a large
    /// lake that grows all the time, questions then take a part of the machine and not all of it. Default 2 s.
    /// </summary>
    public TimeSpan LongQuery { get; set; } = TimeSpan.FromSeconds(2);
}

/// <summary>Finds everything that is wrong with the settings at once, before the host starts.</summary>
internal sealed class AnalyticsOptionsValidator : IValidateOptions<AnalyticsOptions>
{
    private static readonly TimeSpan _second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _day = TimeSpan.FromDays(1);

    public ValidateOptionsResult Validate(string? name, AnalyticsOptions options)
    {
        var failures = new List<string>();
        Between(options.RefreshInterval, nameof(options.RefreshInterval));
        Between(options.MinRefreshInterval, nameof(options.MinRefreshInterval));
        Between(options.RefreshTimeout, nameof(options.RefreshTimeout));
        Between(options.QueryTimeout, nameof(options.QueryTimeout));
        Between(options.LongQuery, nameof(options.LongQuery));
        Check(options.MaxConcurrentQueries is >= 1 and <= 256, nameof(options.MaxConcurrentQueries), options.MaxConcurrentQueries, "must be from 1 to 256");
        Check(options.MemoryLimitBytes >= 64L << 20, nameof(options.MemoryLimitBytes), options.MemoryLimitBytes, "must be at least 67108864");
        Check(options.Threads is null or (>= 1 and <= 256), nameof(options.Threads), options.Threads, "must be from 1 to 256");
        Check(options.TempDirectory is null || Path.IsPathFullyQualified(options.TempDirectory),
            nameof(options.TempDirectory), options.TempDirectory, "must be an absolute path");
        Check(options.CachedRows is >= 0 and <= 100_000_000, nameof(options.CachedRows), options.CachedRows, "must be from 0 to 100000000");
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);

        void Between(TimeSpan value, string option) => Check(value >= _second && value <= _day, option, value, "must be from 1 s to 1 day");

        void Check(bool valid, string option, object? value, string rule)
        {
            if (!valid)
                failures.Add($"{AnalyticsOptions.Section}:{option} {rule}; it is {value}.");
        }
    }
}
