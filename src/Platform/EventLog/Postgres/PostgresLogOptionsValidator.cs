using Microsoft.Extensions.Options;

namespace Pipeline.EventLog.Postgres;

/// <summary>Reports every option that is out of its range, with its value.</summary>
internal sealed class PostgresLogOptionsValidator : IValidateOptions<PostgresLogOptions>
{
    private const int LargestRecord = 64 << 20;
    private static readonly TimeSpan _longest = TimeSpan.FromDays(3650);

    public ValidateOptionsResult Validate(string? name, PostgresLogOptions options)
    {
        var failures = new List<string>();
        Check(nameof(options.MaxRecordBytes), options.MaxRecordBytes, 1 << 10, LargestRecord);
        Check(nameof(options.MaxPendingBytes), options.MaxPendingBytes, options.MaxRecordBytes, 4L << 30);
        Check(nameof(options.MaxPendingRecords), options.MaxPendingRecords, 1, 100_000_000);
        Check(nameof(options.MaxFlushBytes), options.MaxFlushBytes, 8 << 10, LargestRecord);
        Check(nameof(options.TailCacheBytes), options.TailCacheBytes, 0, 16L << 30);
        Check(nameof(options.ChunkBytes), options.ChunkBytes, 1 << 16, 1L << 40);
        Check(nameof(options.MaxConnections), options.MaxConnections, 4, 1_000);
        CheckTime(nameof(options.FlushTimeout), options.FlushTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10));
        CheckTime(nameof(options.DrainTimeout), options.DrainTimeout, TimeSpan.Zero, TimeSpan.FromMinutes(10));
        CheckTime(nameof(options.NotifyInterval), options.NotifyInterval, TimeSpan.Zero, TimeSpan.FromSeconds(10));
        CheckTime(nameof(options.RecheckInterval), options.RecheckInterval, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(10));
        CheckTime(nameof(options.SessionTimeout), options.SessionTimeout, TimeSpan.FromMilliseconds(200), TimeSpan.FromHours(1));
        CheckTime(nameof(options.ChunkAge), options.ChunkAge, TimeSpan.FromSeconds(1), _longest);
        CheckTime(nameof(options.RetentionInterval), options.RetentionInterval, TimeSpan.FromMilliseconds(50), TimeSpan.FromDays(1));
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);

        void Check(string option, long value, long from, long to)
        {
            if (value < from || value > to)
                failures.Add($"{PostgresLogOptions.Section}:{option} is {value}; it must be {from} to {to}.");
        }

        void CheckTime(string option, TimeSpan value, TimeSpan from, TimeSpan to)
        {
            if (value < from || value > to)
                failures.Add($"{PostgresLogOptions.Section}:{option} is {value}; it must be {from} to {to}.");
        }
    }
}
