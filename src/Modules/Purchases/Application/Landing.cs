using System.Diagnostics;
using System.Text;
using Pipeline.EventLog;
using Pipeline.Ingestion.Contracts;
using Pipeline.Purchases.Domain;

namespace Pipeline.Purchases.Application;

/// <summary>
/// What one commit will bring: a line for each good record, a dead letter for each other one, and from where to where each partition goes.
/// Filled batch by batch, landed as a whole or dropped as a whole, then used again.
/// </summary>
/// <remarks>Bytes stay bytes: a record is scanned and copied once, and only a dead letter is an object. Not thread-safe.</remarks>
internal sealed class Landing(IRowFile file) : IDisposable
{
    private const int FlushBytes = 1 << 20;
    private const int MaxTraces = 64;
    private const int TraceParentLength = 55;

    private readonly LineBuffer _lines = new(FlushBytes + (FlushBytes / 8));
    private readonly Dictionary<int, PartitionRange> _partitions = [];
    private readonly List<NewRecord> _deadLetters = [];
    private readonly List<ActivityContext> _traces = [];
    private readonly byte[] _lastTrace = new byte[TraceParentLength];
    private HashSet<RecordPosition> _refused = [];
    private long _deadLetterBytes;
    private long _earliest;
    private long _latest;

    /// <summary>The lines; whole after <see cref="Complete"/>.</summary>
    public IRowFile File => file;

    /// <summary>How many rows will land.</summary>
    public long Rows { get; private set; }

    /// <summary>The bytes that are held: lines and dead letters.</summary>
    public long Bytes => file.Length + _lines.Length + _deadLetterBytes;

    /// <summary>The bytes of the longest line.</summary>
    public int LongestLine { get; private set; }

    /// <summary>True where no record was added.</summary>
    public bool IsEmpty => _partitions.Count == 0;

    /// <summary>The timestamp of <see cref="TimeProvider"/> at which the first batch was added.</summary>
    public long Since { get; private set; }

    /// <summary>The positions that the commit moves.</summary>
    public IReadOnlyDictionary<int, PartitionRange> Partitions => _partitions;

    /// <summary>The records that are not orders, and are not in the dead-letter topic yet.</summary>
    public IReadOnlyList<NewRecord> DeadLetters => _deadLetters;

    /// <summary>Lines that the engine refused: left out of the rows.</summary>
    public IReadOnlyCollection<RecordPosition> Refused => _refused;

    /// <summary>The first traces of the records.</summary>
    public IReadOnlyList<ActivityContext> Traces => _traces;

    /// <summary>The smallest TimeStamp; null where there are no rows.</summary>
    public DateTimeOffset? Earliest => Rows == 0 ? null : DateTimeOffset.UnixEpoch.AddTicks(_earliest * TimeSpan.TicksPerMicrosecond);

    /// <summary>The largest TimeStamp; null where there are no rows.</summary>
    public DateTimeOffset? Latest => Rows == 0 ? null : DateTimeOffset.UnixEpoch.AddTicks(_latest * TimeSpan.TicksPerMicrosecond);

    /// <summary>The offsets after the last ones of the landing.</summary>
    public Dictionary<int, long> NextOffsets() => _partitions.ToDictionary(p => p.Key, p => p.Value.Next);

    /// <summary>Adds the records of a batch.</summary>
    /// <param name="batch">The batch; may be disposed of afterwards.</param>
    /// <param name="from">The next offset wanted; records before it are passed over.</param>
    /// <param name="landed">The last offset of the partition in the table by the time that this landing is committed; null where there is none.</param>
    /// <param name="now">The timestamp of <see cref="TimeProvider"/>.</param>
    public void Add(RecordBatch batch, long from, long? landed, long now)
    {
        if (IsEmpty)
            Since = now;
        var expected = _partitions.TryGetValue(batch.Partition, out var range) ? range.Expected : landed;
        foreach (var record in batch)
        {
            if (record.Offset < from)
                continue;
            AddTrace(record);
            if (!TryAddLine(batch.Partition, record, out var reason))
                AddDeadLetter(EventLog.DeadLetters.Create(batch.Topic, batch.Partition, record, reason));
            if (_lines.Length >= FlushBytes)
                Flush();
        }

        _partitions[batch.Partition] = new PartitionRange(expected, Math.Max(from, batch.NextOffset));
    }

    /// <summary>Makes the lines readable. Nothing may be added any more.</summary>
    public void Complete()
    {
        Flush();
        file.Complete();
    }

    /// <summary>Takes a record in as a dead letter.</summary>
    public void AddDeadLetter(NewRecord letter)
    {
        _deadLetters.Add(letter);
        _deadLetterBytes += letter.Value.Length + letter.Key.Length;
    }

    /// <summary>The dead letters are in their topic: a second try of the landing must not repeat them.</summary>
    public void ForgetDeadLetters()
    {
        _deadLetters.Clear();
        _deadLetterBytes = 0;
    }

    /// <summary>Leaves lines out that the engine cannot take.</summary>
    public void Refuse(IReadOnlyCollection<RecordPosition> positions)
    {
        _refused = [.. _refused, .. positions];
        Rows -= positions.Count;
    }

    /// <summary>Drops everything.</summary>
    public void Reset()
    {
        file.Reset();
        _lines.Truncate(0);
        _partitions.Clear();
        _traces.Clear();
        _refused = [];
        Array.Clear(_lastTrace);
        ForgetDeadLetters();
        Rows = 0;
        LongestLine = 0;
    }

    /// <summary>Drops everything and gives the memory of the lines back.</summary>
    public void Release()
    {
        Reset();
        file.Complete();
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _lines.Dispose();
        file.Dispose();
    }

    private bool TryAddLine(int partition, in RecordView record, out string reason)
    {
        var start = _lines.Length;
        _lines.Append("{\"k\":["u8);
        _lines.Append(partition);
        _lines.Append((byte)',');
        _lines.Append(record.Offset);
        _lines.Append((byte)',');
        _lines.Append(record.TimestampMilliseconds);
        _lines.Append((byte)']');
        if (!TryAddExpectedTotal(record, out reason) || !OrderScanner.TryAppend(record.Value, _lines, out var moment, out reason))
        {
            _lines.Truncate(start);
            return false;
        }

        _lines.Append("}\n"u8);
        LongestLine = Math.Max(LongestLine, _lines.Length - start);
        _earliest = Rows == 0 ? moment : Math.Min(_earliest, moment);
        _latest = Rows == 0 ? moment : Math.Max(_latest, moment);
        Rows++;
        return true;
    }

    private bool TryAddExpectedTotal(in RecordView record, out string reason)
    {
        reason = "";
        if (record.HeaderCount == 0 || !record.TryGetHeader(RecordHeaders.TotalPriceExpectedUtf8, out var expected))
            return true;
        if (!Money.IsNumber(expected) || !Money.TryParse(expected, out var scaled))
        {
            reason = $"Header {RecordHeaders.TotalPriceExpected} is not a decimal({Money.Precision},{Money.Scale})";
            return false;
        }

        _lines.Append(",\"e\":"u8);
        Money.AppendQuoted(_lines, scaled);
        return true;
    }

    private void AddTrace(in RecordView record)
    {
        if (record.HeaderCount == 0 || _traces.Count == MaxTraces || !PurchasesTelemetry.Source.HasListeners())
            return;

        // The records of one request are neighbours and have the same context.
        if (!record.TryGetHeader("traceparent"u8, out var value) || value.Length != TraceParentLength || value.SequenceEqual(_lastTrace))
            return;
        value.CopyTo(_lastTrace);
        if (ActivityContext.TryParse(Encoding.ASCII.GetString(value), null, isRemote: true, out var context))
            _traces.Add(context);
    }

    private void Flush()
    {
        file.Write(_lines.Written);
        _lines.Truncate(0);
    }
}
