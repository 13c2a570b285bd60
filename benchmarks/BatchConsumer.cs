using Pipeline.EventLog;
using Pipeline.Ingestion.Contracts;

namespace Pipeline.Benchmarks;

/// <summary>A consumer of one partition whose records lie in memory: the log at no cost.</summary>
internal sealed class BatchConsumer(IReadOnlyList<byte[]> batches, int batchRecords) : IConsumer
{
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(1);
    private int _next;

    public long End => (long)batches.Count * batchRecords;

    public long Committed { get; private set; }

    public IReadOnlyCollection<int> Assignment { get; } = [0];

    public async ValueTask<RecordBatch?> ReadAsync(TimeSpan maxWait, CancellationToken cancellationToken = default)
    {
        if (_next < batches.Count)
            return new RecordBatch(Topics.PurchasedItem, 0, (long)_next * batchRecords, batchRecords, batches[_next++]);
        await Task.Delay(maxWait < _pause ? maxWait : _pause, cancellationToken);
        return null;
    }

    public ValueTask CommitAsync(IReadOnlyDictionary<int, long> nextOffsets, CancellationToken cancellationToken = default)
    {
        Committed = nextOffsets[0];
        return ValueTask.CompletedTask;
    }

    public void Seek(int partition, long nextOffset) => _next = (int)(nextOffset / batchRecords);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
