using Pipeline.DuckDb;
using Pipeline.EventLog;

namespace Pipeline.Purchases.Infrastructure;

/// <summary>One scan of the records of a landing, and what it found.</summary>
internal sealed class OrderScan(IReadOnlyList<RecordBatch> batches, int threads) : IDuckRowScan
{
    private readonly Lock _gate = new();
    private readonly List<OrderReader> _readers = [];
    private int _next;

    /// <inheritdoc />
    public int MaxThreads => Math.Min(threads, batches.Count);

    /// <summary>How many orders there are.</summary>
    public long Rows => _readers.Sum(r => r.Rows);

    /// <summary>The smallest TimeStamp; null where there are no orders.</summary>
    public DateTimeOffset? Earliest => Rows == 0 ? null : Moment(_readers.Where(r => r.Rows > 0).Min(r => r.Earliest));

    /// <summary>The largest TimeStamp; null where there are no orders.</summary>
    public DateTimeOffset? Latest => Rows == 0 ? null : Moment(_readers.Where(r => r.Rows > 0).Max(r => r.Latest));

    /// <summary>The records that are no orders.</summary>
    public IReadOnlyList<NewRecord> DeadLetters => [.. _readers.SelectMany(r => r.DeadLetters).OrderBy(l => l.Position).Select(l => l.Letter)];

    public static DateTimeOffset Moment(long micros) => DateTimeOffset.UnixEpoch.AddTicks(micros * TimeSpan.TicksPerMicrosecond);

    /// <inheritdoc />
    public IDuckRowReader OpenReader()
    {
        var reader = new OrderReader(this);
        lock (_gate)
            _readers.Add(reader);
        return reader;
    }

    /// <summary>A batch that no other reader has; null where there are no more.</summary>
    public RecordBatch? Claim() => Interlocked.Increment(ref _next) - 1 is var index && index < batches.Count ? batches[index] : null;
}
