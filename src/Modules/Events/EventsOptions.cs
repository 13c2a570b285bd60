using Microsoft.Extensions.Options;
using Pipeline.Events.Contracts;

namespace Pipeline.Events;

/// <summary>Settings of the module; section <c>Events</c>.</summary>
public sealed class EventsOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Events";

    /// <summary>When events are stored and counted. May change between restarts. Default <see cref="EventsMode.Continuous"/>.</summary>
    public EventsMode Mode { get; set; } = EventsMode.Continuous;

    /// <summary>In mode <see cref="EventsMode.Scheduled"/> the time between runs; they start at its multiples since 1970 UTC. Default 2 minutes.</summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>
    /// Under load, transactions start at least this far apart, up to three times as far when they are slow, so that each carries more; an event after a
    /// quiet time is stored at once. Default 200 ms.
    /// </summary>
    public TimeSpan CommitInterval { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>How many bytes of records go into one transaction; one read of the log may exceed it. Default 8 MiB.</summary>
    public int MaxBatchBytes { get; set; } = 8 << 20;

    /// <summary>How many bytes one read of the log asks for. Default 2 MiB.</summary>
    public int MaxReadBytes { get; set; } = 2 << 20;

    /// <summary>The longest pause between tries while the log or the store is away. Default 5 s.</summary>
    public TimeSpan MaxRetryDelay { get; set; } = TimeSpan.FromSeconds(5);
}

/// <summary>Finds everything that is wrong with the settings at once, before the host starts.</summary>
internal sealed class EventsOptionsValidator : IValidateOptions<EventsOptions>
{
    public ValidateOptionsResult Validate(string? name, EventsOptions options)
    {
        var failures = new List<string>();
        Check(Enum.IsDefined(options.Mode), nameof(options.Mode), options.Mode, "must be continuous or scheduled");
        Check(options.Interval >= TimeSpan.FromSeconds(1) && options.Interval <= TimeSpan.FromDays(1),
            nameof(options.Interval), options.Interval, "must be from 1 s to 1 day");
        Check(options.CommitInterval >= TimeSpan.Zero && options.CommitInterval <= TimeSpan.FromMinutes(1),
            nameof(options.CommitInterval), options.CommitInterval, "must be from 0 to 1 minute");
        Check(options.MaxBatchBytes is >= 1 << 10 and <= 256 << 20, nameof(options.MaxBatchBytes), options.MaxBatchBytes, "must be from 1024 to 268435456");
        Check(options.MaxReadBytes >= 1 << 10 && options.MaxReadBytes <= options.MaxBatchBytes,
            nameof(options.MaxReadBytes), options.MaxReadBytes, "must be from 1024 to MaxBatchBytes");
        Check(options.MaxRetryDelay >= TimeSpan.FromMilliseconds(100) && options.MaxRetryDelay <= TimeSpan.FromMinutes(5),
            nameof(options.MaxRetryDelay), options.MaxRetryDelay, "must be from 100 ms to 5 minutes");
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);

        void Check(bool valid, string option, object value, string rule)
        {
            if (!valid)
                failures.Add($"{EventsOptions.Section}:{option} {rule}; it is {value}.");
        }
    }
}
