using System.Diagnostics;
using Pipeline.EventLog;

namespace Pipeline.Purchases.Application;

/// <summary>
/// What one commit will bring: records as the log gave them, and from where to where each partition goes. Filled batch by batch, landed as a whole or dropped
/// as a whole, then used again.
/// </summary>
/// <remarks>
/// Records are copied once, to memory that never moves, so that the engine can read their texts where they lie. Not thread-safe.
/// </remarks>
internal sealed class Landing
{
    private const int BlockBytes = 4 << 20;
    /// <summary>Of marked traces (<see cref="TraceMark"/>) there may be as many again.</summary>
    private const int MaxTraces = 64;

    private readonly List<byte[]> _blocks = [];
    private readonly List<RecordBatch> _batches = [];
    private readonly Dictionary<int, PartitionRange> _partitions = [];
    private readonly List<ActivityLink> _traces = [];
    private int _block;
    private int _used;

    /// <summary>The records; their memory stands still until <see cref="Reset"/>.</summary>
    public IReadOnlyList<RecordBatch> Batches => _batches;

    /// <summary>How many records there are.</summary>
    public long Records { get; private set; }

    /// <summary>The bytes that they take.</summary>
    public long Bytes { get; private set; }

    /// <summary>True where no record was added.</summary>
    public bool IsEmpty => _partitions.Count == 0;

    /// <summary>The timestamp of <see cref="TimeProvider"/> at which the first batch was added.</summary>
    public long Since { get; private set; }

    /// <summary>The positions that the commit moves.</summary>
    public IReadOnlyDictionary<int, PartitionRange> Partitions => _partitions;

    /// <summary>The first traces of the records, and the marked ones.</summary>
    public IReadOnlyList<ActivityLink> Traces => _traces;

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
        var wanted = batch.From(from);
        if (wanted.Count > 0)
        {
            var memory = Reserve(wanted.Data.Length);
            wanted.Data.CopyTo(memory);
            _batches.Add(new RecordBatch(batch.Topic, batch.Partition, wanted.BaseOffset, wanted.Count, memory));
            Records += wanted.Count;
            Bytes += memory.Length;
            if (PurchasesTelemetry.Source.HasListeners())
                LogTracing.AddLinks(_traces, _batches[^1], MaxTraces);
        }

        _partitions[batch.Partition] = new PartitionRange(expected, Math.Max(from, batch.NextOffset));
    }

    /// <summary>Drops everything.</summary>
    public void Reset()
    {
        _batches.Clear();
        _partitions.Clear();
        _traces.Clear();
        _block = 0;
        _used = 0;
        Records = 0;
        Bytes = 0;
    }

    /// <summary>Drops everything and gives the memory back.</summary>
    public void Release()
    {
        Reset();
        _blocks.Clear();
    }

    private Memory<byte> Reserve(int length)
    {
        if (_blocks.Count > 0 && _blocks[_block].Length - _used < length)
        {
            _block++;
            _used = 0;
        }

        if (_block == _blocks.Count)
            _blocks.Add(NewBlock(length));
        else if (_blocks[_block].Length < length)
            _blocks[_block] = NewBlock(length);
        _used += length;
        return _blocks[_block].AsMemory(_used - length, length);
    }

    private static byte[] NewBlock(int length) => GC.AllocateUninitializedArray<byte>(Math.Max(length, BlockBytes), pinned: true);
}
