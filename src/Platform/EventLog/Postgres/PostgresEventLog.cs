using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using Pipeline.Postgres;

namespace Pipeline.EventLog.Postgres;

/// <summary>The log in PostgreSQL tables.</summary>
internal sealed class PostgresEventLog : TopicLog<Topic>, IEventLog, IAsyncDisposable
{
    private static readonly TimeSpan _longestSession = TimeSpan.FromDays(1);

    private readonly NpgsqlDataSource _dataSource;
    private readonly PostgresLogOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly TopicCatalog _topics;
    private readonly LogWriter _writer;
    private readonly LogReader _reader;
    private readonly LogListener _listener;
    private readonly GroupStore _groups;
    private int _disposed;

    /// <param name="connectionString">The database; the log has a pool of its own.</param>
    /// <param name="options">Checked options.</param>
    /// <param name="time">The time.</param>
    /// <param name="logger">Takes what happens.</param>
    public PostgresEventLog(string connectionString, IOptions<PostgresLogOptions> options, TimeProvider time, ILogger<PostgresEventLog> logger)
    {
        _options = options.Value;
        _time = time;
        _logger = logger;
        _dataSource = LogDataSource.Create(connectionString, _options);
        var cache = new TailCache(_options.TailCacheBytes);
        _topics = new TopicCatalog(_dataSource);
        _writer = new LogWriter(_dataSource, _options, cache, time, logger);
        _reader = new LogReader(_dataSource, cache);
        _listener = new LogListener(_dataSource, _topics, () => _writer.ProcessId, _options, time, logger);
        _groups = new GroupStore(_dataSource);
        Chunks = new ChunkKeeper(_dataSource, _options, logger);
    }

    /// <summary>Looks after the chunks.</summary>
    public ChunkKeeper Chunks { get; }

    public async ValueTask EnsureTopicAsync(TopicDefinition topic, CancellationToken cancellationToken = default)
    {
        TopicRules.Check(topic);
        var retention = topic.Retention ?? new RetentionPolicy();

        await using var command = _dataSource.CreateCommand("SELECT log.ensure_topic($1, $2, $3, $4, $5)")
            .With(topic.Name).With(topic.Partitions).With((long?)retention.MaxAge?.TotalMilliseconds).With(retention.MaxBytes).With(retention.DropUnconsumed);
        var partitions = await RunAsync($"Create topic {topic.Name}", async () => (int)(await command.ExecuteScalarAsync(cancellationToken))!);
        if (partitions != topic.Partitions)
        {
            throw new TerminalException(
                $"Create topic {topic.Name}: it exists with {partitions} partitions, not {topic.Partitions}; partitions are fixed for the life of a topic.");
        }

        await FindAsync(topic.Name, "Create", cancellationToken);
    }

    public async ValueTask<RecordBatch> ReadAsync(
        string topic, int partition, long offset, int maxBytes = 1 << 20, CancellationToken cancellationToken = default)
    {
        var known = await FindAsync(topic, "Read", cancellationToken);
        if ((uint)partition >= (uint)known.Lanes.Length)
            throw new TerminalException($"Read topic {topic}, partition {partition}: it has the partitions 0 to {known.Lanes.Length - 1}.");
        return await _reader.ReadAsync(known.Lanes[partition], Math.Max(0, offset), maxBytes, cancellationToken);
    }

    public async ValueTask<IConsumer> SubscribeAsync(ConsumerDefinition consumer, CancellationToken cancellationToken = default)
    {
        var session = Check(consumer, _options.SessionTimeout, _longestSession);
        var topic = await FindAsync(consumer.Topic, "Join a group of", cancellationToken);
        var group = await _groups.EnsureAsync(topic, consumer.Group, cancellationToken);
        return new PostgresConsumer(_groups, _reader, _listener, topic, group, consumer, session, _time, _logger);
    }

    public ValueTask<IReadOnlyList<TopicStatus>> GetTopicsAsync(CancellationToken cancellationToken = default) =>
        RunAsync("List the log's topics", () => LogStatus.GetTopicsAsync(_dataSource, cancellationToken));

    public ValueTask<IReadOnlyList<GroupStatus>> GetGroupsAsync(CancellationToken cancellationToken = default) =>
        RunAsync("List the log's consumer groups", () => LogStatus.GetGroupsAsync(_dataSource, cancellationToken));

    public async ValueTask PingAsync(CancellationToken cancellationToken = default)
    {
        await using var command = _dataSource.CreateCommand("SELECT pg_is_in_recovery(), (SELECT count(*) FROM (SELECT FROM log.topics LIMIT 1) AS one)");
        var standby = await RunAsync("Ping the log", async () => (bool)(await command.ExecuteScalarAsync(cancellationToken))!);
        if (standby)
            throw new TransientException("Ping the log: PostgreSQL is in recovery and takes no writes.");
    }

    /// <summary>Safe to call again: a container disposes of it once for each service type that it is registered as.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        await _writer.DisposeAsync();
        await _listener.DisposeAsync();
        await _dataSource.DisposeAsync();
    }

    protected override Topic? Find(string topic) => _topics.Find(topic);

    protected override async ValueTask<Topic> FindAsync(string topic, string operation, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(topic);
        return _topics.Find(topic) ?? await RunAsync($"{operation} topic {topic}", async () => await _topics.GetAsync(topic, cancellationToken));
    }

    protected override ValueTask<RecordPosition> AppendAsync(Topic topic, in NewRecord record, CancellationToken cancellationToken) =>
        _writer.AppendAsync(topic, record, cancellationToken);

    protected override ValueTask AppendAsync(
        Topic topic, ReadOnlySpan<NewRecord> records, Memory<RecordPosition> positions, CancellationToken cancellationToken) =>
        _writer.AppendAsync(topic, records, positions, cancellationToken);

    private static async ValueTask<T> RunAsync<T>(string operation, Func<Task<T>> work)
    {
        try
        {
            try
            {
                return await work();
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UndefinedTable)
            {
                // A chunk was closed and dropped while its end was looked up.
                return await work();
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw PostgresErrors.Translate(e, operation);
        }
    }
}
