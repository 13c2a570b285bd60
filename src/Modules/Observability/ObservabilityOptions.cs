using Microsoft.Extensions.Options;

namespace Pipeline.Observability;

/// <summary>Settings of the module; section <c>Observability</c>.</summary>
public sealed class ObservabilityOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Observability";

    /// <summary>How many requests a second are traced in memory; requests that come with a sampled <c>traceparent</c>, and refused ones, may be as many again. 0 traces none. Default 10.</summary>
    public double TracesPerSecond { get; set; } = 10;

    /// <summary>Bytes of spans kept in memory, as estimated. Default 16 MiB.</summary>
    public long TraceBytes { get; set; } = 16L << 20;

    /// <summary>Spans kept in memory. Default 20,000.</summary>
    public int TraceSpans { get; set; } = 20_000;

    /// <summary>Bytes of log records kept in memory, as estimated. Default 4 MiB.</summary>
    public long LogBytes { get; set; } = 4L << 20;

    /// <summary>Log records kept in memory. Default 10,000.</summary>
    public int LogRecords { get; set; } = 10_000;

    /// <summary>How many series of one measurement are kept; what comes with further labels is counted and left out. Default 200.</summary>
    public int SeriesPerMeasurement { get; set; } = 200;

    /// <summary>How many tables the live figures and <c>/metrics</c> list, those committed to last. Default 200.</summary>
    public int Tables { get; set; } = 200;

    /// <summary>How often tables are looked at while somebody asks. Default 10 s.</summary>
    public TimeSpan TableInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How far a consumer group may be behind before that is a finding. Default 1 minute.</summary>
    public TimeSpan LongestBehind { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How much room there should be on the lake's disk, in bytes; less is a finding. Default 2 GiB.</summary>
    public long LeastFreeBytes { get; set; } = 2L << 30;
}

/// <summary>Finds everything that is wrong with the settings at once, before the host starts.</summary>
internal sealed class ObservabilityOptionsValidator : IValidateOptions<ObservabilityOptions>
{
    private static readonly TimeSpan _second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _day = TimeSpan.FromDays(1);

    public ValidateOptionsResult Validate(string? name, ObservabilityOptions options)
    {
        var failures = new List<string>();
        Check(options.TracesPerSecond is >= 0 and <= 10_000, nameof(options.TracesPerSecond), options.TracesPerSecond, "must be from 0 to 10000");
        Check(options.TraceBytes is >= 64 << 10 and <= 4L << 30, nameof(options.TraceBytes), options.TraceBytes, "must be from 65536 to 4294967296");
        Check(options.TraceSpans is >= 100 and <= 10_000_000, nameof(options.TraceSpans), options.TraceSpans, "must be from 100 to 10000000");
        Check(options.LogBytes is >= 64 << 10 and <= 4L << 30, nameof(options.LogBytes), options.LogBytes, "must be from 65536 to 4294967296");
        Check(options.LogRecords is >= 100 and <= 10_000_000, nameof(options.LogRecords), options.LogRecords, "must be from 100 to 10000000");
        Check(options.SeriesPerMeasurement is >= 1 and <= 100_000, nameof(options.SeriesPerMeasurement), options.SeriesPerMeasurement, "must be from 1 to 100000");
        Check(options.Tables is >= 1 and <= 10_000, nameof(options.Tables), options.Tables, "must be from 1 to 10000");
        Check(options.TableInterval >= _second && options.TableInterval <= _day, nameof(options.TableInterval), options.TableInterval, "must be from 1 s to 1 day");
        Check(options.LongestBehind >= _second && options.LongestBehind <= _day, nameof(options.LongestBehind), options.LongestBehind, "must be from 1 s to 1 day");
        Check(options.LeastFreeBytes >= 0, nameof(options.LeastFreeBytes), options.LeastFreeBytes, "must not be negative");
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);

        void Check(bool valid, string option, object value, string rule)
        {
            if (!valid)
                failures.Add($"{ObservabilityOptions.Section}:{option} {rule}; it is {value}.");
        }
    }
}
