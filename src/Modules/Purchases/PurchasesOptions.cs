using Microsoft.Extensions.Options;

namespace Pipeline.Purchases;

/// <summary>Settings of the landing of orders; section <c>Purchases</c>.</summary>
public sealed class PurchasesOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Purchases";

    /// <summary>The consumer group whose members share the topic out. Default <c>purchases</c>.</summary>
    public string Group { get; set; } = "purchases";

    /// <summary>A commit brings at most about this many orders. Default 100,000.</summary>
    public int CommitRows { get; set; } = 100_000;

    /// <summary>A commit brings at most about this many bytes of records; up to two such amounts are buffered. Default 64 MiB.</summary>
    public long CommitBytes { get; set; } = 64L << 20;

    /// <summary>How long the oldest buffered order waits for its commit at most. Default 5 s.</summary>
    public TimeSpan CommitInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Memory of the engine that turns orders into Parquet, in bytes; beyond it the engine spills to disk. Default 160 MiB.</summary>
    public long EngineMemoryBytes { get; set; } = 160L << 20;

    /// <summary>Threads of that engine. Default 2.</summary>
    public int EngineThreads { get; set; } = 2;

    /// <summary>How often the table is looked at for small files to merge. Default 1 min; zero switches it off.</summary>
    public TimeSpan CompactInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How often the rest of the small files is merged and files that are no longer needed are deleted. Default 24 h; zero switches it off.</summary>
    public TimeSpan VacuumInterval { get; set; } = TimeSpan.FromHours(24);
}

/// <summary>Finds everything that is wrong with the settings at once, before the host starts.</summary>
internal sealed class PurchasesOptionsValidator : IValidateOptions<PurchasesOptions>
{
    public ValidateOptionsResult Validate(string? name, PurchasesOptions options)
    {
        var failures = new List<string>();
        Check(!string.IsNullOrWhiteSpace(options.Group), nameof(options.Group), options.Group, "must be a name");
        Check(options.CommitRows is >= 1 and <= 10_000_000, nameof(options.CommitRows), options.CommitRows, "must be from 1 to 10000000");
        Check(options.CommitBytes is >= 1024 and <= 1L << 30, nameof(options.CommitBytes), options.CommitBytes, "must be from 1024 to 1073741824");
        Check(options.CommitInterval > TimeSpan.Zero && options.CommitInterval <= TimeSpan.FromHours(1),
            nameof(options.CommitInterval), options.CommitInterval, "must be positive and at most an hour");
        Check(options.EngineMemoryBytes >= 64L << 20, nameof(options.EngineMemoryBytes), options.EngineMemoryBytes, "must be at least 67108864");
        Check(options.EngineThreads is >= 1 and <= 256, nameof(options.EngineThreads), options.EngineThreads, "must be from 1 to 256");
        Check(options.CompactInterval >= TimeSpan.Zero, nameof(options.CompactInterval), options.CompactInterval, "must not be negative");
        Check(options.VacuumInterval >= TimeSpan.Zero, nameof(options.VacuumInterval), options.VacuumInterval, "must not be negative");
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);

        void Check(bool valid, string option, object value, string rule)
        {
            if (!valid)
                failures.Add($"{PurchasesOptions.Section}:{option} {rule}; it is {value}.");
        }
    }
}
