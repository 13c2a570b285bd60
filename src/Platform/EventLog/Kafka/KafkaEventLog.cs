using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.EventLog.Kafka.Native;

namespace Pipeline.EventLog.Kafka;

/// <summary>The log in Apache Kafka.</summary>
internal sealed class KafkaEventLog : IEventLog, IAsyncDisposable
{
    private readonly KafkaLogOptions _options;
    private readonly KafkaSettings _settings;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly KafkaWriter _writer;
    private readonly KafkaReader _reader;
    private readonly KafkaTopics _topics;
    private readonly KafkaGroups _groups;
    private readonly Lock _lock = new();
    private readonly HashSet<KafkaConsumer> _consumers = [];
    private int _disposed;

    /// <param name="servers">The brokers, <c>HOST:PORT[,HOST:PORT]</c>.</param>
    /// <param name="options">Checked options.</param>
    /// <param name="time">The time.</param>
    /// <param name="logger">Takes what happens.</param>
    /// <exception cref="TerminalException">There is no librdkafka.</exception>
    public KafkaEventLog(string servers, IOptions<KafkaLogOptions> options, TimeProvider time, ILogger<KafkaEventLog> logger)
    {
        KafkaLibrary.Load();
        _options = options.Value;
        _time = time;
        _logger = logger;
        _settings = new KafkaSettings(servers, _options);
        _writer = new KafkaWriter(_settings, _options, time, logger);
        _reader = new KafkaReader(_settings, _options, time, logger);
        _topics = new KafkaTopics(_writer, _reader, _settings, _options, time, logger);
        _groups = new KafkaGroups(_writer, _reader, _topics, _options, logger);
    }

    public async ValueTask EnsureTopicAsync(TopicDefinition topic, CancellationToken cancellationToken = default)
    {
        TopicRules.Check(topic);
        await _topics.EnsureAsync(topic, cancellationToken);
    }

    public ValueTask<RecordPosition> AppendAsync(string topic, in NewRecord record, CancellationToken cancellationToken = default)
    {
        if (_topics.Find(topic) is { } known)
            return _writer.AppendAsync(known, record, cancellationToken);
        return AppendUnknownAsync(topic, record.Copy(), cancellationToken);
    }

    public ValueTask AppendAsync(string topic, ReadOnlySpan<NewRecord> records, Memory<RecordPosition> positions, CancellationToken cancellationToken = default)
    {
        if (positions.Length < records.Length)
            throw new ArgumentException($"{positions.Length} positions cannot take those of {records.Length} records.", nameof(positions));
        if (_topics.Find(topic) is { } known)
            return _writer.AppendAsync(known, records, positions, cancellationToken);
        var copies = new NewRecord[records.Length];
        for (var i = 0; i < copies.Length; i++)
            copies[i] = records[i].Copy();
        return AppendUnknownAsync(topic, copies, positions, cancellationToken);
    }

    public async ValueTask<RecordBatch> ReadAsync(
        string topic, int partition, long offset, int maxBytes = 1 << 20, CancellationToken cancellationToken = default)
    {
        var known = await _topics.GetAsync(topic, $"Read topic {topic}", cancellationToken);
        if ((uint)partition >= (uint)known.Partitions)
            throw new TerminalException($"Read topic {topic}, partition {partition}: it has the partitions 0 to {known.Partitions - 1}.");
        return await _reader.ReadAsync(known, partition, Math.Max(0, offset), maxBytes, cancellationToken);
    }

    public async ValueTask<IConsumer> SubscribeAsync(ConsumerDefinition consumer, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(consumer);
        if (string.IsNullOrWhiteSpace(consumer.Group) || consumer.Group.Length > 200)
            throw new TerminalException($"Join group '{consumer.Group}' of topic {consumer.Topic}: a group's name has 1 to 200 characters.");
        var session = consumer.SessionTimeout ?? _options.SessionTimeout;
        if (session < TimeSpan.FromMilliseconds(100) || session > TimeSpan.FromHours(1))
            throw new TerminalException($"Join group {consumer.Group} of topic {consumer.Topic}: the session timeout {session} is not 0.1 s to an hour.");
        await _topics.GetAsync(consumer.Topic, $"Join a group of topic {consumer.Topic}", cancellationToken);
        var member = new KafkaConsumer(_settings, _options, consumer, session, Forget, _time, _logger);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed != 0, this);
            _consumers.Add(member);
        }

        _groups.Add(member);
        return member;
    }

    public async ValueTask<IReadOnlyList<TopicStatus>> GetTopicsAsync(CancellationToken cancellationToken = default)
    {
        const string Operation = "List the log's topics";
        var topics = await _topics.ListAsync(Operation, cancellationToken);
        var ends = await _reader.EndsAsync(topics, Operation, cancellationToken);
        return
        [
            .. topics.Select(t => new TopicStatus(t.Name,
            [
                .. Enumerable.Range(0, t.Partitions).Select(p => new PartitionStatus(p, ends[(t.Name, p)].Start, ends[(t.Name, p)].End)),
            ])),
        ];
    }

    public async ValueTask<IReadOnlyList<GroupStatus>> GetGroupsAsync(CancellationToken cancellationToken = default) =>
        await _groups.GetAsync(cancellationToken);

    public async ValueTask PingAsync(CancellationToken cancellationToken = default)
    {
        const string Operation = "Ping the log";
        var metadata = await Blocking.RunAsync(Operation, () => _writer.Administer(Operation, a => a.GetMetadata(_options.OperationTimeout)), cancellationToken);
        foreach (var topic in metadata.Topics)
        {
            if (_topics.Find(topic.Topic) is not null && topic.Partitions.Find(p => p.Leader < 0) is { } headless)
                throw new TransientException($"{Operation}: partition {headless.PartitionId} of topic {topic.Topic} has no leader.");
        }
    }

    /// <summary>Safe to call again: a container disposes of it once for each service type that it is registered as.</summary>
    public ValueTask DisposeAsync() => CloseAsync(quietly: false);

    /// <summary>Ends it.</summary>
    /// <param name="quietly">True says nothing to groups, as if the process had died.</param>
    internal async ValueTask CloseAsync(bool quietly)
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        KafkaConsumer[] consumers;
        lock (_lock)
            consumers = [.. _consumers];
        await Task.WhenAll([_writer.DisposeAsync().AsTask(), .. consumers.Select(c => c.CloseAsync(quietly).AsTask())]);
        await Blocking.RunAsync("Close the log", () => { _reader.Dispose(); return true; }, CancellationToken.None);
    }

    private void Forget(KafkaConsumer consumer)
    {
        lock (_lock)
            _consumers.Remove(consumer);
        _groups.Remove(consumer);
    }

    private async ValueTask<RecordPosition> AppendUnknownAsync(string topic, NewRecord record, CancellationToken cancellationToken) =>
        await _writer.AppendAsync(await _topics.GetAsync(topic, $"Append to topic {topic}", cancellationToken), record, cancellationToken);

    private async ValueTask AppendUnknownAsync(string topic, NewRecord[] records, Memory<RecordPosition> positions, CancellationToken cancellationToken) =>
        await _writer.AppendAsync(await _topics.GetAsync(topic, $"Append to topic {topic}", cancellationToken), records, positions, cancellationToken);
}
