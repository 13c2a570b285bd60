using System.Text;

namespace Pipeline.EventLog.Tests.Conformance;

/// <summary>
/// What every adapter of <see cref="IEventLog"/> must do, in three parts that run beside each other: <see cref="EventLogConformance"/>, <see cref="ConsumerConformance"/> and
/// <see cref="GroupConformance"/>. An adapter's tests derive from them and give them a harness; a new adapter starts from these tests being red.
/// </summary>
public abstract class LogSuite(LogHarness harness) : IAsyncLifetime
{
    protected static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly List<IEventLog> _opened = [];
    private readonly List<IAsyncDisposable> _consumers = [];

    protected LogHarness Harness { get; } = harness;

    /// <summary>Ends a test that hangs.</summary>
    protected CancellationToken Token { get; } = new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token;

    /// <summary>A topic name that no other test uses.</summary>
    protected string TopicName { get; } = $"topic-{Guid.NewGuid():N}";

    /// <summary>A consumer group that no other test uses.</summary>
    protected string GroupName { get; } = $"group-{Guid.NewGuid():N}";

    public Task InitializeAsync()
    {
        Skip.If(Harness.Missing is not null, Harness.Missing);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        foreach (var consumer in _consumers)
            await consumer.DisposeAsync();
        foreach (var log in _opened)
            await Harness.CloseAsync(log);
    }

    protected IEventLog Open(LogLimits? limits = null)
    {
        var log = Harness.Open(limits);
        _opened.Add(log);
        return log;
    }

    protected async Task<IEventLog> OpenWithTopicAsync(int partitions = 1, RetentionPolicy? retention = null)
    {
        var log = Open();
        await log.EnsureTopicAsync(new TopicDefinition(TopicName, partitions, retention), Token);
        return log;
    }

    protected async Task<IConsumer> SubscribeAsync(
        IEventLog log, string group, IPartitionHandler? handler = null, TimeSpan? session = null, int maxBatchBytes = 4 << 20)
    {
        var consumer = await log.SubscribeAsync(new ConsumerDefinition(TopicName, group, handler, maxBatchBytes, session), Token);
        _consumers.Add(consumer);
        return consumer;
    }

    protected static NewRecord Text(string value, string? key = null) =>
        new(key is null ? default : Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(value));

    protected ValueTask<RecordPosition> AppendAsync(IEventLog log, string value, string? key = null) => log.AppendAsync(TopicName, Text(value, key), Token);

    protected async Task<RecordPosition[]> AppendAllAsync(IEventLog log, IEnumerable<NewRecord> records)
    {
        var array = records.ToArray();
        var positions = new RecordPosition[array.Length];
        await log.AppendAsync(TopicName, array, positions, Token);
        return positions;
    }

    /// <summary>All records of a partition from an offset on, copied.</summary>
    protected async Task<List<StoredRecord>> ReadAllAsync(IEventLog log, int partition, long offset = 0, int maxBytes = 1 << 20)
    {
        var records = new List<StoredRecord>();
        while (true)
        {
            using var batch = await log.ReadAsync(TopicName, partition, offset, maxBytes, Token);
            if (batch.Count == 0)
                return records;
            Assert.Equal(TopicName, batch.Topic);
            Assert.Equal(partition, batch.Partition);
            Assert.True(batch.BaseOffset >= offset);
            records.AddRange(StoredRecord.Of(batch));
            offset = batch.NextOffset;
        }
    }

    /// <summary>Reads until the condition holds; fails when the test's time is over.</summary>
    protected async Task<List<StoredRecord>> ConsumeUntilAsync(IConsumer consumer, Func<IReadOnlyList<StoredRecord>, bool> enough)
    {
        var records = new List<StoredRecord>();
        while (!enough(records))
        {
            using var batch = await consumer.ReadAsync(TimeSpan.FromMilliseconds(500), Token);
            if (batch is not null)
                records.AddRange(StoredRecord.Of(batch));
        }

        return records;
    }

    /// <summary>Keeps reading, so that the consumer takes part in its group, until the returned task is told to end.</summary>
    protected Task KeepReadingAsync(IConsumer consumer, CancellationToken stop, Action<StoredRecord>? take = null) => Task.Run(
        async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                using var batch = await consumer.ReadAsync(TimeSpan.FromMilliseconds(50), Token);
                if (batch is null)
                    continue;
                foreach (var record in StoredRecord.Of(batch))
                    take?.Invoke(record);
            }
        },
        Token);
}

/// <summary>A record that was read, as a copy.</summary>
public sealed record StoredRecord(
    int Partition, long Offset, DateTimeOffset Timestamp, string Key, byte[] Value, IReadOnlyList<(string Name, string Value)> Headers)
{
    public string Text => Encoding.UTF8.GetString(Value);

    public static List<StoredRecord> Of(RecordBatch batch)
    {
        var records = new List<StoredRecord>();
        foreach (var record in batch)
        {
            var headers = record.CopyHeaders().Select(h => (h.Name, Encoding.UTF8.GetString(h.Value.Span))).ToList();
            var key = Encoding.UTF8.GetString(record.Key);
            records.Add(new StoredRecord(batch.Partition, record.Offset, record.Timestamp, key, record.Value.ToArray(), headers));
        }

        Assert.Equal(batch.Count, records.Count);
        return records;
    }
}
