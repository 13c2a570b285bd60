using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.EventLog.Kafka.Native;

namespace Pipeline.EventLog.Kafka;

/// <summary>The log in Apache Kafka.</summary>
internal sealed class KafkaEventLog : TopicLog<KafkaTopic>, IEventLog, IAsyncDisposable
{
    private static readonly TimeSpan _longestSession = TimeSpan.FromHours(1);

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

    public async ValueTask<RecordBatch> ReadAsync(
        string topic, int partition, long offset, int maxBytes = 1 << 20, CancellationToken cancellationToken = default)
    {
        var known = await FindAsync(topic, "Read", cancellationToken);
        if ((uint)partition >= (uint)known.Partitions)
            throw new TerminalException($"Read topic {topic}, partition {partition}: it has the partitions 0 to {known.Partitions - 1}.");
        return await _reader.ReadAsync(known, partition, Math.Max(0, offset), maxBytes, cancellationToken);
    }

    public async ValueTask<IConsumer> SubscribeAsync(ConsumerDefinition consumer, CancellationToken cancellationToken = default)
    {
        var session = Check(consumer, _options.SessionTimeout, _longestSession);
        await FindAsync(consumer.Topic, "Join a group of", cancellationToken);
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

    protected override KafkaTopic? Find(string topic) => _topics.Find(topic);

    protected override ValueTask<KafkaTopic> FindAsync(string topic, string operation, CancellationToken cancellationToken) =>
        _topics.GetAsync(topic, $"{operation} topic {topic}", cancellationToken);

    protected override ValueTask<RecordPosition> AppendAsync(KafkaTopic topic, in NewRecord record, CancellationToken cancellationToken) =>
        _writer.AppendAsync(topic, record, cancellationToken);

    protected override ValueTask AppendAsync(
        KafkaTopic topic, ReadOnlySpan<NewRecord> records, Memory<RecordPosition> positions, CancellationToken cancellationToken) =>
        _writer.AppendAsync(topic, records, positions, cancellationToken);

    private void Forget(KafkaConsumer consumer)
    {
        lock (_lock)
            _consumers.Remove(consumer);
        _groups.Remove(consumer);
    }
}
