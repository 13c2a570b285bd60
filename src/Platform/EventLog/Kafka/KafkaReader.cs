using System.Collections.Concurrent;
using System.Diagnostics;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Pipeline.EventLog.Kafka.Native;

namespace Pipeline.EventLog.Kafka;

/// <summary>Reads partitions without a group, one read at a time of each, and asks for their ends.</summary>
internal sealed class KafkaReader : IDisposable
{
    private const int MostBytes = 64 << 20;
    private const int Round = 64;
    private const int WaitMilliseconds = 50;

    private readonly KafkaLogOptions _options;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<(string Topic, int Partition), SemaphoreSlim> _gates = new();
    private readonly ReaderWriterLockSlim _life = new();
    private readonly Lazy<NativeClient> _client;
    private bool _disposed;

    public KafkaReader(KafkaSettings settings, KafkaLogOptions options, TimeProvider time, ILogger logger)
    {
        _options = options;
        _time = time;
        _client = new Lazy<NativeClient>(() => new NativeClient(settings.Reader(), 0, logger));
    }

    public async ValueTask<RecordBatch> ReadAsync(KafkaTopic topic, int partition, long offset, int maxBytes, CancellationToken cancellationToken)
    {
        var operation = $"Read topic {topic.Name}, partition {partition}, from offset {offset}";
        using var activity = LogTelemetry.Source.StartActivity("log read", ActivityKind.Client);
        activity?.SetTag("messaging.destination.name", topic.Name).SetTag("messaging.destination.partition.id", partition);
        var gate = _gates.GetOrAdd((topic.Name, partition), _ => new SemaphoreSlim(1, 1));
        await gate.WaitAsync(cancellationToken);
        Task<RecordBatch> reading;
        try
        {
            reading = Blocking.RunAsync(
                operation,
                () => Use(operation, client => Read(client, topic.Name, partition, offset, Math.Clamp(maxBytes, 1, MostBytes), operation, cancellationToken)),
                CancellationToken.None);
        }
        catch
        {
            gate.Release();
            throw;
        }

        _ = reading.ContinueWith(_ => gate.Release(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        var batch = await reading;
        activity?.SetTag("messaging.batch.message_count", batch.Count);
        return batch;
    }

    /// <summary>The first offset and the next one of partitions.</summary>
    public Task<Dictionary<(string Topic, int Partition), (long Start, long End)>> EndsAsync(
        IReadOnlyCollection<KafkaTopic> topics, string operation, CancellationToken cancellationToken) =>
        Blocking.RunAsync(
            operation,
            () => Use(operation, client =>
            {
                var starts = Offsets(client, topics, NativeMethods.OffsetBeginning, operation);
                var ends = Offsets(client, topics, NativeMethods.OffsetEnd, operation);
                return ends.ToDictionary(e => e.Key, e => (Math.Min(starts[e.Key], e.Value), e.Value));
            }),
            cancellationToken);

    /// <summary>What groups have committed, by group.</summary>
    /// <param name="groups">The groups, and the partitions wanted of each; null asks for all.</param>
    /// <param name="operation">Names it in errors.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task<Dictionary<string, PartitionOffset[]>> CommittedAsync(
        IReadOnlyDictionary<string, PartitionOffset[]?> groups, string operation, CancellationToken cancellationToken) =>
        Blocking.RunAsync(operation, () => Use(operation, client => Committed(client, groups, operation)), cancellationToken);

    /// <summary>The id of the broker that creates and configures topics, as the brokers name it; below 0 where they name none.</summary>
    public Task<int> ControllerAsync(string operation, CancellationToken cancellationToken) =>
        Blocking.RunAsync(operation, () => Use(operation, client => NativeMethods.rd_kafka_controllerid(client.Handle, Timeout)), cancellationToken);

    public void Dispose()
    {
        _life.EnterWriteLock();
        try
        {
            if (_disposed)
                return;
            _disposed = true;
            if (_client.IsValueCreated)
                _client.Value.Destroy(NativeMethods.NoConsumerClose);
        }
        finally
        {
            _life.ExitWriteLock();
        }
    }

    private T Use<T>(string operation, Func<NativeClient, T> call)
    {
        _life.EnterReadLock();
        try
        {
            return _disposed ? throw new TransientException($"{operation}: the log is stopping.") : call(_client.Value);
        }
        finally
        {
            _life.ExitReadLock();
        }
    }

    private unsafe RecordBatch Read(
        NativeClient client, string topic, int partition, long offset, int maxBytes, string operation, CancellationToken cancellationToken)
    {
        long low, high;
        Check(NativeMethods.rd_kafka_query_watermark_offsets(client.Handle, topic, partition, &low, &high, Timeout), operation);
        offset = Math.Max(offset, low);
        if (offset >= high)
            return new RecordBatch(topic, partition, offset, 0, ReadOnlyMemory<byte>.Empty);

        var queue = NativeMethods.rd_kafka_queue_new(client.Handle);
        var native = NativeMethods.rd_kafka_topic_new(client.Handle, topic, 0);
        try
        {
            if (NativeMethods.rd_kafka_consume_start_queue(native, partition, offset, queue) != 0)
                throw KafkaErrors.Create((ErrorCode)NativeMethods.rd_kafka_last_error(), operation);
            var writer = new BatchWriter(topic, partition);
            long end;
            try
            {
                end = Take(queue, writer, offset, high, maxBytes, operation, cancellationToken);
            }
            finally
            {
                _ = NativeMethods.rd_kafka_consume_stop(native, partition);
            }

            if (writer.Count == 0)
                return new RecordBatch(topic, partition, end, 0, ReadOnlyMemory<byte>.Empty);
            LogTelemetry.Read(writer.Count, writer.Bytes, fromMemory: false);
            return writer.ToBatch();
        }
        finally
        {
            NativeMethods.rd_kafka_topic_destroy(native);
            NativeMethods.rd_kafka_queue_destroy(queue);
        }
    }

    /// <summary>Takes what comes, and returns how far it got.</summary>
    private unsafe long Take(nint queue, BatchWriter writer, long offset, long high, int maxBytes, string operation, CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        var messages = stackalloc NativeMessage*[Round];
        var ended = false;
        var end = offset;
        while (!ended && writer.Bytes < maxBytes && (writer.Count == 0 ? offset : writer.NextOffset) < high)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var count = NativeMethods.rd_kafka_consume_batch_queue(queue, WaitMilliseconds, messages, writer.Count == 0 && maxBytes == 1 ? 1u : Round);
            if (count <= 0 && _time.GetElapsedTime(started) > _options.OperationTimeout)
            {
                if (writer.Count > 0)
                    return writer.NextOffset;
                throw new TransientException($"{operation}: no answer within {_options.OperationTimeout.TotalSeconds:0.#} s.");
            }

            Exception? error = null;
            for (var i = 0; i < count; i++)
            {
                var message = messages[i];
                ended |= message->Error != 0 || !writer.Fits(message);

                // Where the partition ends there may be no record: the marks of transactions have offsets too.
                if (message->Error == (int)ErrorCode.Local_PartitionEOF)
                    end = message->Offset;
                if (!ended && writer.Bytes < maxBytes)
                    writer.Add(message);
                else if (message->Error is not 0 and not (int)ErrorCode.Local_PartitionEOF)
                    error ??= KafkaErrors.Create((ErrorCode)message->Error, operation);
                NativeMethods.rd_kafka_message_destroy(message);
            }

            if (error is not null && writer.Count == 0)
                throw error;
        }

        return writer.Count > 0 ? writer.NextOffset : end;
    }

    private unsafe Dictionary<(string Topic, int Partition), long> Offsets(
        NativeClient client, IReadOnlyCollection<KafkaTopic> topics, long which, string operation)
    {
        PartitionOffset[] wanted = [.. topics.SelectMany(t => Enumerable.Range(0, t.Partitions).Select(p => new PartitionOffset(t.Name, p, which)))];
        if (wanted.Length == 0)
            return [];
        var list = PartitionOffset.ToList(wanted);
        try
        {
            Check(NativeMethods.rd_kafka_offsets_for_times(client.Handle, list, Timeout), operation);
            var offsets = new Dictionary<(string, int), long>(wanted.Length);
            foreach (var (topic, partition, offset, error) in PartitionOffset.Of(list))
            {
                // Left as it was asked for, it is not known; it is not 0.
                Check(error != 0 || offset >= 0 ? error : (int)ErrorCode.Local_TimedOut, $"{operation}: topic {topic}, partition {partition}");
                offsets[(topic, partition)] = offset;
            }

            return offsets;
        }
        finally
        {
            NativeMethods.rd_kafka_topic_partition_list_destroy(list);
        }
    }

    private unsafe Dictionary<string, PartitionOffset[]> Committed(
        NativeClient client, IReadOnlyDictionary<string, PartitionOffset[]?> groups, string operation)
    {
        var queue = NativeMethods.rd_kafka_queue_new(client.Handle);
        var options = NativeMethods.rd_kafka_AdminOptions_new(client.Handle, NativeMethods.ListConsumerGroupOffsetsOperation);
        try
        {
            var error = stackalloc byte[NativeText.ErrorSize];
            _ = NativeMethods.rd_kafka_AdminOptions_set_request_timeout(options, Timeout, error, NativeText.ErrorSize);
            foreach (var (group, partitions) in groups)
            {
                var list = partitions is null ? null : PartitionOffset.ToList(partitions);
                var request = NativeMethods.rd_kafka_ListConsumerGroupOffsets_new(group, list);
                NativeMethods.rd_kafka_ListConsumerGroupOffsets(client.Handle, &request, 1, options, queue);
                NativeMethods.rd_kafka_ListConsumerGroupOffsets_destroy(request);
                if (list is not null)
                    NativeMethods.rd_kafka_topic_partition_list_destroy(list);
            }

            // They are asked all at once; answers come in any order and name their group.
            var committed = new Dictionary<string, PartitionOffset[]>(StringComparer.Ordinal);
            for (var i = 0; i < groups.Count; i++)
                Answer(NativeMethods.rd_kafka_queue_poll(queue, Timeout + 1_000), committed, operation);
            return committed;
        }
        finally
        {
            NativeMethods.rd_kafka_AdminOptions_destroy(options);
            NativeMethods.rd_kafka_queue_destroy(queue);
        }
    }

    private static unsafe void Answer(nint answer, Dictionary<string, PartitionOffset[]> committed, string operation)
    {
        if (answer == 0)
            throw new TransientException($"{operation}: no answer about committed offsets.");
        try
        {
            if (NativeMethods.rd_kafka_event_error(answer) is not 0 and var code)
                throw KafkaErrors.Create((ErrorCode)code, operation, NativeText.Of(NativeMethods.rd_kafka_event_error_string(answer)));
            nuint count;
            var result = NativeMethods.rd_kafka_event_ListConsumerGroupOffsets_result(answer);
            var results = NativeMethods.rd_kafka_ListConsumerGroupOffsets_result_groups(result, &count);
            for (nuint g = 0; g < count; g++)
            {
                var error = NativeMethods.rd_kafka_group_result_error(results[g]);
                if (error != 0)
                {
                    throw KafkaErrors.Create(
                        (ErrorCode)NativeMethods.rd_kafka_error_code(error), operation, NativeText.Of(NativeMethods.rd_kafka_error_string(error)));
                }

                committed[NativeText.Of(NativeMethods.rd_kafka_group_result_name(results[g])) ?? ""] =
                    PartitionOffset.Of(NativeMethods.rd_kafka_group_result_partitions(results[g]));
            }
        }
        finally
        {
            NativeMethods.rd_kafka_event_destroy(answer);
        }
    }

    private int Timeout => (int)_options.OperationTimeout.TotalMilliseconds;

    private static void Check(int error, string operation)
    {
        if (error != 0)
            throw KafkaErrors.Create((ErrorCode)error, operation);
    }
}
