using System.Diagnostics;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Pipeline.EventLog.Kafka;

/// <summary>
/// One life of the idempotent producer, with the administrative client that shares its connections. After a fatal error there is no way on for it: the writer
/// takes a new one.
/// </summary>
internal sealed class KafkaProducer : IDisposable
{
    /// <summary>Of marked traces (<see cref="TraceMark"/>) there may be as many again.</summary>
    private const int MaxTraces = 32;

    /// <summary>Added to the number of users, it keeps new ones out.</summary>
    private const int Closed = int.MinValue / 2;
    private static readonly TimeSpan _poll = TimeSpan.FromMilliseconds(100);

    private readonly IProducer<byte[]?, PendingRecord> _producer;
    private readonly Action<DeliveryReport<byte[]?, PendingRecord>> _onReport;
    private readonly Action<int, int> _onSettled;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Thread _thread;
    private readonly List<ActivityLink> _traces = [];
    private readonly IAdminClient _admin;
    private volatile bool _stopping;
    private volatile string? _fatal;
    private int _users;
    private int _records;
    private int _bytes;
    private int _failures;
    private Exception? _failure;
    private long _oldest;

    /// <param name="settings">The properties.</param>
    /// <param name="onSettled">Is told how many records of how many bytes wait no more.</param>
    /// <param name="time">The time.</param>
    /// <param name="logger">Takes what happens.</param>
    public KafkaProducer(KafkaSettings settings, Action<int, int> onSettled, TimeProvider time, ILogger logger)
    {
        _onSettled = onSettled;
        _time = time;
        _logger = logger;
        _onReport = OnReport;
        var properties = settings.Producer();
        properties["dotnet.producer.enable.background.poll"] = "false";
        properties["dotnet.producer.delivery.report.fields"] = "value,status";
        try
        {
            _producer = new ProducerBuilder<byte[]?, PendingRecord>(properties)
                .SetKeySerializer(NullableBytes.Instance)
                .SetValueSerializer(RecordValue.Instance)
                .SetErrorHandler((_, error) => OnError(error))
                .SetLogHandler((_, message) => KafkaLogging.Write(logger, (int)message.Level, message.Facility, message.Message))
                .Build();
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or KafkaException)
        {
            throw new TerminalException($"Open Kafka's producer: {e.Message}", e);
        }

        _admin = new DependentAdminClientBuilder(_producer.Handle).Build();
        _thread = new Thread(Poll) { IsBackground = true, Name = "kafka producer" };
        _thread.Start();
    }

    /// <summary>Why it cannot go on; null while it can.</summary>
    public string? Fatal => _fatal;

    /// <summary>Calls the administrative client, which shares the connections.</summary>
    /// <exception cref="ObjectDisposedException">The producer is gone.</exception>
    public T Administer<T>(Func<IAdminClient, T> call)
    {
        Enter();
        try
        {
            return call(_admin);
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>Hands a record over; its report comes later.</summary>
    /// <exception cref="KafkaException">It was not taken.</exception>
    /// <exception cref="ObjectDisposedException">The producer is gone.</exception>
    public void Produce(string topic, int partition, in NewRecord record, PendingRecord pending)
    {
        pending.Value = record.Value.ToArray();
        var message = new Message<byte[]?, PendingRecord> { Key = record.Key.IsEmpty ? null : record.Key.ToArray(), Value = pending };
        if (!record.Headers.IsEmpty)
        {
            var headers = new Headers();
            foreach (ref readonly var header in record.Headers.Span)
                headers.Add(header.Name, header.Value.ToArray());
            message.Headers = headers;
        }

        Enter();
        try
        {
            _producer.Produce(new TopicPartition(topic, partition), message, _onReport);
        }
        catch (KafkaException e) when (e.Error.IsFatal)
        {
            _fatal ??= e.Error.Reason;
            throw;
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>Ends it at once; what waits is not reported any more.</summary>
    public void Dispose() => Close(TimeSpan.Zero);

    /// <summary>Ends it when everything is reported, but waits no longer than that.</summary>
    public void Close(TimeSpan drain)
    {
        if (Interlocked.CompareExchange(ref _users, 0, 0) < 0)
            return;
        Interlocked.Add(ref _users, Closed);

        // The library's memory must not go while somebody calls it; calls to hand over are short, and other calls have their timeouts.
        SpinWait.SpinUntil(() => Volatile.Read(ref _users) == Closed);
        _stopping = true;
        _thread.Join();
        _producer.Flush(drain);
        if (_records + _failures > 0)
            Settle();
        _admin.Dispose();
        _producer.Dispose();
    }

    private void Enter()
    {
        if (Interlocked.Increment(ref _users) > 0)
            return;
        Exit();
        throw new ObjectDisposedException(nameof(KafkaProducer));
    }

    private void Exit() => Interlocked.Decrement(ref _users);

    private void Poll()
    {
        while (!_stopping)
        {
            _producer.Poll(_poll);
            if (_records + _failures > 0)
                Settle();
        }
    }

    private void OnReport(DeliveryReport<byte[]?, PendingRecord> report)
    {
        var pending = report.Message.Value;
        var append = pending.Append;
        _onSettled(1, pending.Bytes);
        if (_records + _failures == 0 || append.Started < _oldest)
            _oldest = append.Started;
        if (append.Trace != default && LogTelemetry.Source.HasListeners())
            TraceMark.AddLink(_traces, append.Trace, MaxTraces);
        if (report.Error.Code == ErrorCode.NoError)
        {
            _records++;
            _bytes += pending.Bytes;
            append.Delivered(pending.Index, new RecordPosition(report.Partition.Value, report.Offset.Value));
            return;
        }

        _failures++;
        var error = Error(report, append.Topic);
        _failure ??= error;
        append.Failed(error);
    }

    /// <summary>Counts what one round brought, as one flush.</summary>
    private void Settle()
    {
        using (var activity = LogTelemetry.Source.StartActivity(
            "log flush", ActivityKind.Producer, default(ActivityContext), links: _traces, startTime: _time.GetUtcNow() - _time.GetElapsedTime(_oldest)))
        {
            activity?.SetTag("messaging.batch.message_count", _records).SetTag("pipeline.eventlog.bytes", _bytes);
            if (_failure is not null)
                activity?.SetStatus(ActivityStatusCode.Error, _failure.Message);
        }

        if (_records > 0)
            LogTelemetry.Delivered(_records, _bytes, _time.GetElapsedTime(_oldest));
        if (_failure is not null)
        {
            LogTelemetry.FlushFailures.Add(1);
            Log.DeliveryFailed(_logger, _failures, _failure.Message, _failure is TransientException);
        }

        _traces.Clear();
        _records = _bytes = _failures = 0;
        _failure = null;
    }

    private void OnError(Error error)
    {
        if (error.IsFatal)
        {
            _fatal ??= error.Reason;
            Log.ProducerReplaced(_logger, error.Reason);
        }
        else
        {
            Log.ProducerTrouble(_logger, error.Reason);
        }
    }

    private static Exception Error(DeliveryReport<byte[]?, PendingRecord> report, string topic)
    {
        var error = KafkaErrors.Create(report.Error.Code, $"Append to topic {topic}", report.Error.Reason);
        return report.Status == PersistenceStatus.PossiblyPersisted
            ? new TransientException($"{error.Message}; it was sent, so it may be in the log or not", error.InnerException) { MayYetHappen = true }
            : error;
    }

    private sealed class NullableBytes : ISerializer<byte[]?>
    {
        public static NullableBytes Instance { get; } = new();

        public byte[]? Serialize(byte[]? data, SerializationContext context) => data;
    }

    private sealed class RecordValue : ISerializer<PendingRecord>
    {
        public static RecordValue Instance { get; } = new();

        public byte[] Serialize(PendingRecord data, SerializationContext context) => data.Value;
    }
}
