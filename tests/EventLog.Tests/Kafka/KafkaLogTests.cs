using System.Globalization;
using System.Text;
using Pipeline.EventLog.Kafka;
using Pipeline.EventLog.Tests.Conformance;
using Pipeline.Testing;
using Pipeline.Testing.Kafka;

namespace Pipeline.EventLog.Tests.Kafka;

/// <summary>What holds for the Kafka adapter beside the conformance suite; each test has a cluster of its own, since it may break it.</summary>
public sealed class KafkaLogTests : IAsyncLifetime
{
    private const short Produce = 0;
    private const short Fetch = 1;
    private const int ConnectionCut = -195;

    private readonly string _topic = $"topic-{Guid.NewGuid():N}";
    private readonly string _group = $"group-{Guid.NewGuid():N}";
    private MockKafka _cluster = null!;
    private KafkaEventLog _log = null!;

    public async Task InitializeAsync()
    {
        Skip.If(MockKafka.Missing is not null, MockKafka.Missing);
        _cluster = MockKafka.Start();
        _cluster.CreateTopic(_topic, 2);
        _log = Open();
        await _log.EnsureTopicAsync(new TopicDefinition(_topic, 2));
    }

    public async Task DisposeAsync()
    {
        if (_log is not null)
            await _log.DisposeAsync();
        _cluster?.Dispose();
    }

    [SkippableFact]
    public async Task Append_BrokerErrorsAndLostConnections_AreRetriedAndNothingIsTwiceOrOutOfOrder()
    {
        const int NotEnoughReplicas = 19;
        const int RequestTimedOut = 7;
        var appends = new List<Task<RecordPosition>>();
        for (var i = 0; i < 300; i++)
        {
            if (i % 60 == 30)
                _cluster.FailNext(Produce, NotEnoughReplicas, ConnectionCut, RequestTimedOut);
            appends.Add(_log.AppendAsync(_topic, Text($"{i}", $"key {i % 5}")).AsTask());
            if (i % 20 == 19)
                await Task.WhenAny(appends[^1], Task.Delay(20));
        }

        var positions = await Task.WhenAll(appends);
        var stored = await ReadAllAsync();
        Assert.Equal(300, stored.Count);
        Assert.All(Enumerable.Range(0, 300), i => Assert.Equal($"{i}", stored.Single(s => s.Position == positions[i]).Text));
        foreach (var key in stored.GroupBy(s => int.Parse(s.Text, CultureInfo.InvariantCulture) % 5))
            Assert.Equal(key.Select(s => int.Parse(s.Text, CultureInfo.InvariantCulture)).Order(), key.Select(s => int.Parse(s.Text, CultureInfo.InvariantCulture)));
    }

    [SkippableFact]
    public async Task Append_NotAllowed_FailsForGood()
    {
        const int TopicAuthorizationFailed = 29;
        _cluster.FailNext(Produce, TopicAuthorizationFailed);
        var error = await Assert.ThrowsAsync<TerminalException>(async () => await _log.AppendAsync(_topic, default));
        Assert.Contains(_topic, error.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Append_ProducerIsLostForGood_FailsAndTheNextOneHasANewProducer()
    {
        const int OutOfOrderSequence = 45;
        await _log.AppendAsync(_topic, Text("before", "k"));
        _cluster.FailNext(Produce, OutOfOrderSequence);
        await Assert.ThrowsAnyAsync<Exception>(async () => await _log.AppendAsync(_topic, Text("broken", "k")));
        await Eventually.TrueAsync(async () =>
        {
            await _log.AppendAsync(_topic, Text("after", "k"));
            return true;
        });
        Assert.Contains(await ReadAllAsync(), s => s.Text == "after");
        await _log.PingAsync();
    }

    [SkippableFact]
    public async Task Log_BrokersAreAway_FailsAndWorksAgainWhenTheyAreBack()
    {
        var options = KafkaLogHarness.CreateOptions();
        options.DeliveryTimeout = TimeSpan.FromSeconds(2);
        options.OperationTimeout = TimeSpan.FromSeconds(2);
        await using var log = KafkaLogHarness.Create(_cluster.Servers, options);
        await log.AppendAsync(_topic, Text("before"));
        _cluster.TakeDown(-1);
        Assert.False((await Assert.ThrowsAsync<TransientException>(async () => await log.AppendAsync(_topic, Text("lost")))).MayYetHappen);
        await Assert.ThrowsAsync<TransientException>(async () => await log.PingAsync());
        await Assert.ThrowsAsync<TransientException>(async () => await log.GetTopicsAsync());
        await Assert.ThrowsAsync<TransientException>(async () => await log.ReadAsync(_topic, 0, 0));

        _cluster.BringUp(-1);
        await Eventually.TrueAsync(async () =>
        {
            await log.AppendAsync(_topic, Text("after"));
            return true;
        });
        await log.PingAsync();
        Assert.Contains(await ReadAllAsync(), s => s.Text == "after");
    }

    /// <summary>What a broker was sent, and gave no answer to, it may append when its client has given up.</summary>
    [SkippableFact]
    public async Task Append_BrokerStandsStill_FailsAsWhatMayYetHappen()
    {
        var options = KafkaLogHarness.CreateOptions();
        options.DeliveryTimeout = TimeSpan.FromSeconds(2);
        await using var log = KafkaLogHarness.Create(_cluster.Servers, options);
        await log.AppendAsync(_topic, Text("before", "k"));
        _cluster.SetRoundTrip(-1, TimeSpan.FromSeconds(30));
        NewRecord[] records = [.. Enumerable.Range(0, 10).Select(i => Text($"{i}", $"{i}"))];
        var positions = new RecordPosition[records.Length];
        var error = await Assert.ThrowsAsync<TransientException>(async () => await log.AppendAsync(_topic, records, positions));
        Assert.True(error.MayYetHappen, error.Message);
    }

    [SkippableFact]
    public async Task Consumer_ErrorsAndLostConnectionsInMidRead_ReadsEveryRecordOnce()
    {
        const int NotLeader = 6;
        var writing = Task.Run(async () =>
        {
            for (var i = 0; i < 1_000; i += 10)
                await Task.WhenAll(Enumerable.Range(i, 10).Select(n => _log.AppendAsync(_topic, Text($"{n}", $"{n}")).AsTask()));
        });
        await using var consumer = await _log.SubscribeAsync(new ConsumerDefinition(_topic, _group, MaxBatchBytes: 2_000));
        var seen = new List<(RecordPosition Position, string Text)>();
        var disturbances = 0;

        // There may be more than were appended: the mock cluster does not know again what a producer sends twice after a lost connection.
        while (!writing.IsCompleted || seen.Count < await CountAsync())
        {
            using var batch = await consumer.ReadAsync(TimeSpan.FromSeconds(1));
            seen.AddRange(Records(batch));
            if (seen.Count > 150 * (disturbances + 1))
            {
                _cluster.FailNext(Fetch, NotLeader, ConnectionCut);
                if (disturbances++ == 2)
                {
                    _cluster.TakeDown(-1);
                    await Task.Delay(100);
                    _cluster.BringUp(-1);
                }
            }
        }

        await writing;
        Assert.Equal(seen.Count, seen.Select(s => s.Position).Distinct().Count());
        Assert.Equal(await CountAsync(), seen.Count);
        Assert.Equal(Enumerable.Range(0, 1_000), seen.Select(s => int.Parse(s.Text, CultureInfo.InvariantCulture)).Distinct().Order());

        async Task<long> CountAsync() => (await _log.GetTopicsAsync()).Single(t => t.Name == _topic).Partitions.Sum(p => p.EndOffset);
    }

    [SkippableFact]
    public async Task Group_RebalanceInMidBatch_ReadsNothingMoreOfWhatWasGivenBack()
    {
        await Task.WhenAll(Enumerable.Range(0, 2_000).Select(i => _log.AppendAsync(_topic, new NewRecord(BitConverter.GetBytes(i), new byte[500])).AsTask()));
        var handler = new RecordingHandler();
        await using var a = await _log.SubscribeAsync(new ConsumerDefinition(_topic, _group, handler, MaxBatchBytes: 600));
        (await a.ReadAsync(TimeSpan.FromSeconds(10)))?.Dispose();

        // Hundreds of records of both partitions are fetched by now, and are read on slowly while the other member joins.
        await using var other = Open();
        await using var b = await other.SubscribeAsync(new ConsumerDefinition(_topic, _group, MaxBatchBytes: 600));
        using var stop = new CancellationTokenSource();
        var reading = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
                (await b.ReadAsync(TimeSpan.FromMilliseconds(20)))?.Dispose();
        });
        for (var after = 0; after < 200;)
        {
            using var batch = await a.ReadAsync(TimeSpan.FromSeconds(1));
            if (batch is not null)
                Assert.Contains(batch.Partition, handler.Held);
            after += handler.Held.Count == 1 ? 1 : 0;
            await Task.Delay(2);
        }

        await Eventually.TrueAsync(async () =>
        {
            (await a.ReadAsync(TimeSpan.FromMilliseconds(20)))?.Dispose();
            return b.Assignment.Count == 1;
        });
        await stop.CancelAsync();
        await reading;
        Assert.Single(handler.Held);
    }

    [SkippableFact]
    public async Task Consumer_PositionThatRetentionPassed_GoesOnAtTheStart()
    {
        var options = KafkaLogHarness.CreateOptions();
        options.Compression = "none";
        await using var log = KafkaLogHarness.Create(_cluster.Servers, options);
        var random = new Random(1);
        for (var i = 0; i < 80; i++)
        {
            var value = new byte[100_000];
            random.NextBytes(value);
            await log.AppendAsync(_topic, new NewRecord("k"u8.ToArray(), value));
        }

        var partition = Assert.Single((await log.GetTopicsAsync()).Single(t => t.Name == _topic).Partitions, p => p.EndOffset > 0);
        Assert.InRange(partition.StartOffset, 1, 79);
        using var batch = await log.ReadAsync(_topic, partition.Partition, 0);
        Assert.Equal(partition.StartOffset, batch.BaseOffset);

        var handler = new RecordingHandler(new Dictionary<int, long> { [partition.Partition] = 0 });
        await using var consumer = await log.SubscribeAsync(new ConsumerDefinition(_topic, _group, handler));
        using var read = await consumer.ReadAsync(TimeSpan.FromSeconds(20));
        using var next = read ?? await consumer.ReadAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(partition.StartOffset, next?.BaseOffset);
    }

    /// <summary>Offsets that are not known are not 0: whoever searches the log up to its end would find nothing, and append again.</summary>
    [SkippableFact]
    public async Task GetTopics_BrokerDoesNotAnswer_Fails()
    {
        for (var partition = 0; partition < 2; partition++)
            _cluster.SetLeader(_topic, partition, partition + 1);
        var options = KafkaLogHarness.CreateOptions();
        options.OperationTimeout = TimeSpan.FromSeconds(2);
        await using var log = KafkaLogHarness.Create(_cluster.Servers, options);
        for (var i = 0; i < 20; i++)
            await log.AppendAsync(_topic, Text($"{i}", $"{i}"));
        Assert.Equal(20, Assert.Single(await log.GetTopicsAsync()).Partitions.Sum(p => p.EndOffset));
        _cluster.SetRoundTrip(2, TimeSpan.FromSeconds(30));
        await Assert.ThrowsAsync<TransientException>(async () => await log.GetTopicsAsync());
    }

    /// <summary>A group that shares out anew takes no offsets; nothing may come after them that would tell it again.</summary>
    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Commit_GroupRefusesIt_IsToldLater(bool sinkOwnsPosition)
    {
        const short OffsetCommit = 8;
        const int RebalanceInProgress = 27;
        for (var i = 0; i < 20; i++)
            await _log.AppendAsync(_topic, Text($"{i}", $"{i}"));
        var ends = Assert.Single(await _log.GetTopicsAsync()).Partitions.ToDictionary(p => p.Partition, p => p.EndOffset);
        var handler = sinkOwnsPosition ? new RecordingHandler(new Dictionary<int, long> { [0] = 0, [1] = 0 }) : null;
        await using var consumer = await _log.SubscribeAsync(new ConsumerDefinition(_topic, _group, handler));
        await Eventually.TrueAsync(async () =>
        {
            using var batch = await consumer.ReadAsync(TimeSpan.FromSeconds(1));
            return batch is not null;
        });
        _cluster.FailNext(OffsetCommit, RebalanceInProgress, RebalanceInProgress, RebalanceInProgress);

        await consumer.CommitAsync(ends);

        await Eventually.TrueAsync(async () =>
        {
            (await consumer.ReadAsync(TimeSpan.FromMilliseconds(200)))?.Dispose();
            return Assert.Single(await _log.GetGroupsAsync()).Lag == 0;
        });
    }

    [SkippableFact]
    public async Task GetGroups_Lag_IsWhatKcatSees()
    {
        Skip.If(Kcat.Missing is not null, Kcat.Missing);
        var positions = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => _log.AppendAsync(_topic, Text($"{i}", $"{i}")).AsTask()));
        var ends = Enumerable.Range(0, 2).Select(p => positions.LongCount(x => x.Partition == p)).ToArray();
        await using (var consumer = await _log.SubscribeAsync(new ConsumerDefinition(_topic, _group)))
        {
            (await consumer.ReadAsync(TimeSpan.FromSeconds(10)))?.Dispose();
            await consumer.CommitAsync(new Dictionary<int, long> { [0] = 7, [1] = ends[1] - 2 });
        }

        var group = Assert.Single(await _log.GetGroupsAsync());
        Assert.Equal([ends[0] - 7, 2], group.Partitions.Select(p => p.Lag));
        for (var partition = 0; partition < 2; partition++)
        {
            var end = await Kcat.RunAsync(_cluster.Servers, "-Q", "-t", string.Create(CultureInfo.InvariantCulture, $"{_topic}:{partition}:-1"));
            Assert.EndsWith(string.Create(CultureInfo.InvariantCulture, $"offset {ends[partition]}"), end.Trim(), StringComparison.Ordinal);
        }

        // A member of the group gets just what it has yet to read.
        var rest = await Kcat.RunAsync(_cluster.Servers, "-G", _group, _topic, "-e", "-q", "-f", "%p %o\n", "-X", "session.timeout.ms=6000", "-X", "auto.offset.reset=earliest");
        var lines = rest.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(l => l.Contains(' ')).ToList();
        Assert.Equal(group.Lag, lines.Count);
        Assert.Contains("0 7", lines);
    }

    [SkippableFact]
    public async Task Dispose_WithAppendsWaiting_SendsThem()
    {
        var log = Open();
        await log.AppendAsync(_topic, default);
        var appends = Enumerable.Range(0, 1_000).Select(_ => log.AppendAsync(_topic, new NewRecord(default, new byte[1_000])).AsTask()).ToList();
        await log.DisposeAsync();
        Assert.Equal(1_000, (await Task.WhenAll(appends)).Distinct().Count());
        await Assert.ThrowsAsync<TransientException>(async () => await log.AppendAsync(_topic, default));
    }

    [SkippableFact]
    public async Task Dispose_BrokersAreAway_EndsAndTellsTheAppends()
    {
        var options = KafkaLogHarness.CreateOptions();
        options.DrainTimeout = TimeSpan.FromMilliseconds(300);
        var log = KafkaLogHarness.Create(_cluster.Servers, options);
        await log.AppendAsync(_topic, default);
        _cluster.TakeDown(-1);
        var append = log.AppendAsync(_topic, default).AsTask();
        await log.DisposeAsync();
        await Assert.ThrowsAsync<TransientException>(() => append);
    }

    [SkippableFact]
    public async Task EnsureTopic_BrokersCreateByThemselvesOnly_TakesTheirPartitionsOrSaysWhich()
    {
        // The mock makes what is asked for with 4 partitions.
        await _log.EnsureTopicAsync(new TopicDefinition($"{_topic}-made", 4));
        Assert.Equal(4, (await _log.GetTopicsAsync()).Single(t => t.Name == $"{_topic}-made").Partitions.Count);
        var error = await Assert.ThrowsAsync<TerminalException>(async () => await _log.EnsureTopicAsync(new TopicDefinition($"{_topic}-other", 3)));
        Assert.Contains("4 partitions, not 3", error.Message, StringComparison.Ordinal);
    }

    private KafkaEventLog Open() => KafkaLogHarness.Create(_cluster.Servers);

    private static NewRecord Text(string value, string? key = null) => new(key is null ? default : Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(value));

    private async Task<List<(RecordPosition Position, string Text)>> ReadAllAsync()
    {
        var all = new List<(RecordPosition, string)>();
        for (var partition = 0; partition < 2; partition++)
        {
            for (long next = 0; ;)
            {
                using var batch = await _log.ReadAsync(_topic, partition, next);
                if (batch.Count == 0)
                    break;
                all.AddRange(Records(batch));
                next = batch.NextOffset;
            }
        }

        return all;
    }

    private static List<(RecordPosition Position, string Text)> Records(RecordBatch? batch)
    {
        var records = new List<(RecordPosition, string)>();
        if (batch is null)
            return records;
        foreach (var record in batch)
            records.Add((new RecordPosition(batch.Partition, record.Offset), Encoding.UTF8.GetString(record.Value)));
        return records;
    }
}
