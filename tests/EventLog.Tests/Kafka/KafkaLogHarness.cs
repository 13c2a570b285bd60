using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Pipeline.EventLog.Kafka;
using Pipeline.EventLog.Tests.Conformance;
using Pipeline.Testing;
using Pipeline.Testing.Kafka;

namespace Pipeline.EventLog.Tests.Kafka;

/// <summary>The log on a mock cluster of three brokers.</summary>
public sealed class KafkaLogHarness : LogHarness, IDisposable
{
    private readonly MockKafka? _cluster = MockKafka.Missing is null ? MockKafka.Start() : null;

    public MockKafka Cluster => _cluster ?? throw new SkipException(MockKafka.Missing);

    public override string? Missing => MockKafka.Missing;

    public override bool AppendsAreAtomic => false;

    /// <summary>Brokers look after retention by themselves; the mock keeps a fixed size.</summary>
    public override bool RetainsOnDemand => false;

    public override bool TakesOffsetsAlways => false;

    /// <summary>The first member of a group waits for 3 s at the mock, and with it runs its session; a busy machine delays heartbeats by seconds.</summary>
    public override TimeSpan ShortSession => TimeSpan.FromSeconds(6);

    public override IEventLog Open(LogLimits? limits = null)
    {
        var options = CreateOptions();
        options.MaxRecordBytes = limits?.MaxRecordBytes ?? options.MaxRecordBytes;
        options.MaxPendingBytes = limits?.MaxPendingBytes ?? options.MaxPendingBytes;
        return new MockedLog(Cluster, Create(Cluster.Servers, options));
    }

    public override async Task KillAsync(IEventLog log) => await ((MockedLog)log).Inner.CloseAsync(quietly: true);

    public override async Task CloseAsync(IEventLog log) => await ((MockedLog)log).Inner.DisposeAsync();

    public override Task RetainAsync(long chunkBytes) => throw new NotSupportedException();

    public override Task FetchedAsync(IConsumer consumer, int records) => Eventually.TrueAsync(() => ((KafkaConsumer)consumer).Fetched >= records);

    public void Dispose() => _cluster?.Dispose();

    /// <summary>The mock lets a group share out anew only when its session timeout, less a second, is over, and holds a fetch for all its time.</summary>
    internal static KafkaLogOptions CreateOptions() => new() { SessionTimeout = TimeSpan.FromSeconds(3.5), FetchWait = TimeSpan.FromMilliseconds(20) };

    internal static KafkaEventLog Create(string servers, KafkaLogOptions? options = null) =>
        new(servers, Options.Create(options ?? CreateOptions()), TimeProvider.System, NullLogger<KafkaEventLog>.Instance);

    /// <summary>Creates topics at the mock, which does not let clients do it; all else is the adapter's.</summary>
    private sealed class MockedLog(MockKafka cluster, KafkaEventLog inner) : IEventLog
    {
        public KafkaEventLog Inner => inner;

        public ValueTask EnsureTopicAsync(TopicDefinition topic, CancellationToken cancellationToken = default)
        {
            if (topic.Name.Length is > 2 and <= 200 && topic.Partitions is >= 1 and <= 1000 && topic.Name.All(c => char.IsAsciiLetterOrDigit(c) || "._-".Contains(c)))
                cluster.CreateTopic(topic.Name, topic.Partitions);
            return inner.EnsureTopicAsync(topic, cancellationToken);
        }

        public ValueTask<RecordPosition> AppendAsync(string topic, in NewRecord record, CancellationToken cancellationToken = default) =>
            inner.AppendAsync(topic, record, cancellationToken);

        public ValueTask AppendAsync(
            string topic, ReadOnlySpan<NewRecord> records, Memory<RecordPosition> positions, CancellationToken cancellationToken = default) =>
            inner.AppendAsync(topic, records, positions, cancellationToken);

        public ValueTask<RecordBatch> ReadAsync(
            string topic, int partition, long offset, int maxBytes = 1 << 20, CancellationToken cancellationToken = default) =>
            inner.ReadAsync(topic, partition, offset, maxBytes, cancellationToken);

        public ValueTask<IConsumer> SubscribeAsync(ConsumerDefinition consumer, CancellationToken cancellationToken = default) =>
            inner.SubscribeAsync(consumer, cancellationToken);

        public ValueTask<IReadOnlyList<TopicStatus>> GetTopicsAsync(CancellationToken cancellationToken = default) => inner.GetTopicsAsync(cancellationToken);

        public ValueTask<IReadOnlyList<GroupStatus>> GetGroupsAsync(CancellationToken cancellationToken = default) => inner.GetGroupsAsync(cancellationToken);

        public ValueTask PingAsync(CancellationToken cancellationToken = default) => inner.PingAsync(cancellationToken);
    }
}
