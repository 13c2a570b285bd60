using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Pipeline.EventLog.Kafka;

/// <summary>Appends records by the producer of the moment, counts what waits and refuses what is too much.</summary>
internal sealed class KafkaWriter : IAsyncDisposable
{
    /// <summary>What a record takes beside its key, headers and value, at most.</summary>
    private const int RecordOverhead = 32;

    private readonly KafkaSettings _settings;
    private readonly KafkaLogOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly AppendPool _pool = new();
    private readonly Lock _lock = new();
    private KafkaProducer? _producer;
    private long _pendingBytes;
    private int _pendingRecords;
    private bool _stopping;

    public KafkaWriter(KafkaSettings settings, KafkaLogOptions options, TimeProvider time, ILogger logger)
    {
        _settings = settings;
        _options = options;
        _time = time;
        _logger = logger;
    }

    /// <summary>The producer of the moment; null where it must be opened, at first and after a fatal error.</summary>
    private KafkaProducer? Current => Volatile.Read(ref _producer) is { Fatal: null } producer ? producer : null;

    /// <summary>Calls the administrative client, which shares the producer's connections.</summary>
    /// <exception cref="TransientException">The log is stopping.</exception>
    public T Administer<T>(string operation, Func<IAdminClient, T> call)
    {
        try
        {
            return (Current ?? Open(operation)).Administer(call);
        }
        catch (ObjectDisposedException e)
        {
            throw new TransientException($"{operation}: the log is stopping.", e);
        }
    }

    private KafkaProducer Open(string operation)
    {
        lock (_lock)
        {
            if (_stopping)
                throw new TransientException($"{operation}: the log is stopping.");
            if (_producer is { Fatal: null })
                return _producer;
            if (_producer is { } broken)
            {
                // Its records are reported as failed; nobody waits for it.
                _ = Detached.Run(() => RetireAsync(broken));
            }

            return _producer = new KafkaProducer(_settings, Settled, _time, _logger);
        }
    }

    public ValueTask<RecordPosition> AppendAsync(KafkaTopic topic, in NewRecord record, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<RecordPosition>(cancellationToken);
        var bytes = Size(record);
        if (Refuse(topic.Name, bytes, bytes, 1) is { } refusal)
            return ValueTask.FromException<RecordPosition>(refusal);
        var append = _pool.Rent();
        append.Start(topic.Name, 1, default, _time.GetTimestamp(), cancellationToken);
        var result = new ValueTask<RecordPosition>(append, append.Version);
        Produce(topic, record, append, 0, bytes);
        append.HandedOver();
        return result;
    }

    public ValueTask AppendAsync(KafkaTopic topic, ReadOnlySpan<NewRecord> records, Memory<RecordPosition> positions, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled(cancellationToken);
        if (records.IsEmpty)
            return ValueTask.CompletedTask;
        var (bytes, largest) = (0L, 0);
        foreach (ref readonly var record in records)
        {
            var size = Size(record);
            bytes += size;
            largest = Math.Max(largest, size);
        }

        if (Refuse(topic.Name, bytes, largest, records.Length) is { } refusal)
            return ValueTask.FromException(refusal);
        var append = _pool.Rent();
        append.Start(topic.Name, records.Length, positions[..records.Length], _time.GetTimestamp(), cancellationToken);
        var result = new ValueTask(append, append.Version);
        for (var i = 0; i < records.Length; i++)
            Produce(topic, records[i], append, i, Size(records[i]));
        append.HandedOver();
        return result;
    }

    public async ValueTask DisposeAsync()
    {
        KafkaProducer? producer;
        lock (_lock)
        {
            if (_stopping)
                return;
            _stopping = true;
            producer = _producer;
        }

        if (producer is not null)
        {
            // The calls wait, so not on the caller's thread.
            await Task.Factory.StartNew(
                () => producer.Close(_options.DrainTimeout),
                CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }

        _pool.Abandon(new TransientException("Append: the log stopped before the brokers acknowledged the record; it may be in the log or not.") { MayYetHappen = true });
    }

    private async Task RetireAsync(KafkaProducer broken)
    {
        await Task.Delay(_options.DeliveryTimeout, _time);
        broken.Dispose();
    }

    private void Produce(KafkaTopic topic, in NewRecord record, PendingAppend append, int index, int bytes)
    {
        var pending = append.Record(index);
        pending.Bytes = bytes;
        var partition = record.Key.IsEmpty ? topic.NextPartition() : Partitioner.ForKey(record.Key.Span, topic.Partitions);
        try
        {
            try
            {
                (Current ?? Open($"Append to topic {topic.Name}")).Produce(topic.Name, partition, record, pending);
            }
            catch (KafkaException e) when (e.Error.IsFatal)
            {
                Open($"Append to topic {topic.Name}").Produce(topic.Name, partition, record, pending);
            }
        }
        catch (Exception e) when (e is KafkaException or TransientException or TerminalException or ObjectDisposedException)
        {
            Settled(1, bytes);
            append.Failed(e is ObjectDisposedException
                ? new TransientException($"Append to topic {topic.Name}: the log is stopping.", e)
                : KafkaErrors.Translate(e, $"Append to topic {topic.Name}"));
        }
    }

    private Exception? Refuse(string topic, long bytes, int largest, int records)
    {
        if (largest > _options.MaxRecordBytes)
            return new TerminalException($"Append to topic {topic}: a record of {largest} bytes is larger than {_options.MaxRecordBytes} (EventLog:Kafka:MaxRecordBytes).");
        var waitingBytes = Interlocked.Add(ref _pendingBytes, bytes);
        var waitingRecords = Interlocked.Add(ref _pendingRecords, records);

        // One append may be larger than the limit where nothing else waits.
        if ((waitingBytes <= _options.MaxPendingBytes || waitingBytes == bytes) && (waitingRecords <= _options.MaxPendingRecords || waitingRecords == records))
            return null;
        Settled(records, bytes);
        LogTelemetry.Refused.Add(1);
        return new TransientException(
            $"Append to topic {topic}: {waitingRecords - records} records of {waitingBytes - bytes} bytes wait to be acknowledged already.");
    }

    private void Settled(int records, int bytes) => Settled(records, (long)bytes);

    private void Settled(int records, long bytes)
    {
        Interlocked.Add(ref _pendingBytes, -bytes);
        Interlocked.Add(ref _pendingRecords, -records);
    }

    private static int Size(in NewRecord record)
    {
        var size = record.Key.Length + record.Value.Length + RecordOverhead;
        foreach (ref readonly var header in record.Headers.Span)
            size += header.Name.Length + header.Value.Length + 4;
        return size;
    }
}
