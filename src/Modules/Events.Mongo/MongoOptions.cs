using Microsoft.Extensions.Options;

namespace Pipeline.Events.Mongo;

/// <summary>Settings of the event store in MongoDB; section <c>Mongo</c>. What concerns the connection is in <c>ConnectionStrings:mongo</c>.</summary>
public sealed class MongoOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Mongo";

    /// <summary>How many bytes of documents one insert carries; a larger document goes alone. A server takes messages of 48 MB. Default 8 MiB.</summary>
    public int MaxInsertBytes { get; set; } = 8 << 20;

    /// <summary>How many offsets of a partition are counted in one step where events were stored without being counted. Default 100,000.</summary>
    public int CountStep { get; set; } = 100_000;

    /// <summary>How many partitions of a batch are counted at once. Default 4.</summary>
    public int ParallelCounts { get; set; } = 4;
}

/// <summary>Finds everything that is wrong with the settings at once, before the host starts.</summary>
internal sealed class MongoOptionsValidator : IValidateOptions<MongoOptions>
{
    public ValidateOptionsResult Validate(string? name, MongoOptions options)
    {
        var failures = new List<string>();
        Check(options.MaxInsertBytes is >= 1 << 16 and <= 40 << 20, nameof(options.MaxInsertBytes), options.MaxInsertBytes, "must be from 65536 to 41943040");
        Check(options.CountStep is >= 1 and <= 10_000_000, nameof(options.CountStep), options.CountStep, "must be from 1 to 10000000");
        Check(options.ParallelCounts is >= 1 and <= 64, nameof(options.ParallelCounts), options.ParallelCounts, "must be from 1 to 64");
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);

        void Check(bool valid, string option, int value, string rule)
        {
            if (!valid)
                failures.Add($"{MongoOptions.Section}:{option} {rule}; it is {value}.");
        }
    }
}
