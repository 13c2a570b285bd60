using System.Collections.Concurrent;
using Pipeline.Testing;

namespace Pipeline.EventLog.Tests.Conformance;

public abstract partial class EventLogConformance
{
    private static readonly TimeSpan _shortSession = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task Consumer_Alone_GetsAllPartitionsAndAllRecords()
    {
        var log = await OpenWithTopicAsync(partitions: 4);
        await AppendAllAsync(log, Enumerable.Range(0, 100).Select(i => Text($"{i}", $"{i}")));
        var handler = new RecordingHandler();
        var consumer = await SubscribeAsync(log, "g", handler);
        Assert.Empty(consumer.Assignment);

        var records = await ConsumeUntilAsync(consumer, r => r.Count == 100);
        Assert.Equal([0, 1, 2, 3], consumer.Assignment.Order());
        Assert.Equal(["assigned 0,1,2,3"], handler.Calls);
        Assert.Equal(Enumerable.Range(0, 100), records.Select(r => int.Parse(r.Text)).Order());
        Assert.Null(await consumer.ReadAsync(TimeSpan.Zero, Token));
    }

    [Fact]
    public async Task Consumer_WaitsAndRecordsCome_WakesUp()
    {
        var log = await OpenWithTopicAsync(partitions: 2);
        var consumer = await SubscribeAsync(log, "g");
        Assert.Null(await consumer.ReadAsync(TimeSpan.Zero, Token));
        var other = Open();
        foreach (var writer in new[] { log, other, log, other })
        {
            var read = consumer.ReadAsync(Patience, Token).AsTask();
            var position = await AppendAsync(writer, "x", "key");
            using var batch = await read;
            Assert.NotNull(batch);
            Assert.Equal((position.Partition, position.Offset), (batch.Partition, batch.BaseOffset));
        }
    }

    [Fact]
    public async Task Consumer_NothingComes_ReturnsNullAfterTheWait()
    {
        var log = await OpenWithTopicAsync();
        var consumer = await SubscribeAsync(log, "g");
        Assert.Null(await consumer.ReadAsync(TimeSpan.FromMilliseconds(20), Token));
    }

    [Fact]
    public async Task Consumer_CancelledInMidWait_EndsAndGoesOnLater()
    {
        var log = await OpenWithTopicAsync();
        var consumer = await SubscribeAsync(log, "g");
        Assert.Null(await consumer.ReadAsync(TimeSpan.Zero, Token));
        using var source = new CancellationTokenSource();
        var read = consumer.ReadAsync(Patience, source.Token).AsTask();
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
        await AppendAsync(log, "x");
        using var batch = await consumer.ReadAsync(Patience, Token);
        Assert.Equal(1, batch?.Count);
    }

    [Fact]
    public async Task Consumer_DisposedInMidWait_EndsTheRead()
    {
        var log = await OpenWithTopicAsync();
        var consumer = await SubscribeAsync(log, "g");
        Assert.Null(await consumer.ReadAsync(TimeSpan.Zero, Token));
        var read = consumer.ReadAsync(Patience, Token).AsTask();
        await consumer.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => read);
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await consumer.ReadAsync(TimeSpan.Zero, Token));
    }

    [Fact]
    public async Task Consumer_SeveralPartitionsWithRecords_TakesTurns()
    {
        var log = await OpenWithTopicAsync(partitions: 3);
        await AppendAllAsync(log, Enumerable.Range(0, 3_000).Select(i => new NewRecord(BitConverter.GetBytes(i), new byte[1000])));
        var consumer = await SubscribeAsync(log, "g", maxBatchBytes: 50_000);
        var order = new List<int>();
        while (order.Count < 12)
        {
            using var batch = await consumer.ReadAsync(Patience, Token);
            order.Add(batch!.Partition);
        }

        Assert.All(order.Chunk(3), turn => Assert.Equal([0, 1, 2], turn.Order()));
    }

    [Fact]
    public async Task Consumer_HandlerGivesPositions_StartsThere()
    {
        var log = await OpenWithTopicAsync(partitions: 2);
        await AppendAllAsync(log, Enumerable.Range(0, 100).Select(i => Text("x", $"{i}")));
        var first = await SubscribeAsync(log, "g");
        await ConsumeUntilAsync(first, r => r.Count == 100);
        await first.CommitAsync(new Dictionary<int, long> { [0] = 10, [1] = 20 }, Token);
        await first.DisposeAsync();

        var handler = new RecordingHandler(new Dictionary<int, long> { [0] = 30 });
        var consumer = await SubscribeAsync(log, "g", handler);
        var records = await ConsumeUntilAsync(consumer, r => r.Select(x => x.Partition).Distinct().Count() == 2);
        Assert.Equal(30, records.Where(r => r.Partition == 0).Min(r => r.Offset));
        Assert.Equal(20, records.Where(r => r.Partition == 1).Min(r => r.Offset));
    }

    [Fact]
    public async Task Consumer_Seek_ReadsFromThereNext()
    {
        var log = await OpenWithTopicAsync();
        await AppendAllAsync(log, Enumerable.Range(0, 50).Select(i => Text($"{i}")));
        var consumer = await SubscribeAsync(log, "g");
        await ConsumeUntilAsync(consumer, r => r.Count == 50);
        consumer.Seek(0, 7);
        var again = await ConsumeUntilAsync(consumer, r => r.Count == 43);
        Assert.Equal(7, again[0].Offset);
        Assert.Throws<TerminalException>(() => consumer.Seek(1, 0));
    }

    [Fact]
    public async Task Consumer_NewGroup_StartsAtTheStart_OldGroupWhereItCommitted()
    {
        var log = await OpenWithTopicAsync();
        await AppendAllAsync(log, Enumerable.Range(0, 10).Select(i => Text($"{i}")));
        var first = await SubscribeAsync(log, "g");
        await ConsumeUntilAsync(first, r => r.Count == 10);
        await first.CommitAsync(new Dictionary<int, long> { [0] = 4, [17] = 3 }, Token);
        await first.DisposeAsync();

        var second = await SubscribeAsync(Open(), "g");
        Assert.Equal(4, (await ConsumeUntilAsync(second, r => r.Count > 0))[0].Offset);
        var other = await SubscribeAsync(log, "other");
        Assert.Equal(0, (await ConsumeUntilAsync(other, r => r.Count > 0))[0].Offset);
    }

    [Fact]
    public async Task GetGroups_CommittedAndAppended_ShowsLagEndsAndMembers()
    {
        var log = await OpenWithTopicAsync(partitions: 2);
        await AppendAllAsync(log, Enumerable.Range(0, 100).Select(i => Text("x", $"{i}")));
        var consumer = await SubscribeAsync(log, "g");
        await ConsumeUntilAsync(consumer, r => r.Count == 100);
        var ends = Assert.Single(await log.GetTopicsAsync(Token), t => t.Name == TopicName).Partitions;

        var group = Assert.Single(await log.GetGroupsAsync(Token), g => g.Topic == TopicName);
        Assert.Equal(("g", 1, 100L), (group.Group, group.Members, group.Lag));
        await consumer.CommitAsync(new Dictionary<int, long> { [0] = ends[0].EndOffset - 3, [1] = ends[1].EndOffset }, Token);
        group = Assert.Single(await log.GetGroupsAsync(Token), g => g.Topic == TopicName);
        Assert.Equal([3L, 0L], group.Partitions.Select(p => p.Lag));
        Assert.Equal(ends.Select(e => e.EndOffset), group.Partitions.Select(p => p.EndOffset));
        Assert.All(group.Partitions, p => Assert.NotNull(p.Member));

        await consumer.DisposeAsync();
        group = Assert.Single(await log.GetGroupsAsync(Token), g => g.Topic == TopicName);
        Assert.Equal((0, 3L), (group.Members, group.Lag));
        Assert.All(group.Partitions, p => Assert.Null(p.Member));
    }

    [Fact]
    public async Task Group_SecondMemberJoinsAndLeaves_SharesAndGivesBack()
    {
        var log = await OpenWithTopicAsync(partitions: 4);
        var owners = new ConcurrentDictionary<int, string>();
        RecordingHandler Handler(string name) => new()
        {
            Assigning = p => Assert.True(owners.TryAdd(p, name), $"{name} got {p} while {owners.GetValueOrDefault(p)} held it"),
            Revoking = p => Assert.True(owners.TryRemove(p, out _)),
        };
        var (handlerA, handlerB) = (Handler("a"), Handler("b"));
        var a = await SubscribeAsync(log, "g", handlerA);
        using var stopA = new CancellationTokenSource();
        var readingA = KeepReadingAsync(a, stopA.Token);
        await Eventually.TrueAsync(() => handlerA.Held.Count == 4);

        var b = await SubscribeAsync(Open(), "g", handlerB);
        using var stopB = new CancellationTokenSource();
        var readingB = KeepReadingAsync(b, stopB.Token);
        await Eventually.TrueAsync(() => handlerA.Held.Count == 2 && handlerB.Held.Count == 2);
        Assert.Equal(["assigned 0,1,2,3", "revoked 2,3"], handlerA.Calls);

        await stopB.CancelAsync();
        await readingB;
        foreach (var partition in b.Assignment)
            owners.TryRemove(partition, out _);
        await b.DisposeAsync();
        await Eventually.TrueAsync(() => handlerA.Held.Count == 4);
        Assert.DoesNotContain(handlerA.Calls, c => c.StartsWith("lost", StringComparison.Ordinal));
        await stopA.CancelAsync();
        await readingA;
    }

    [Fact]
    public async Task Group_MoreMembersThanPartitions_LeavesSomeWithoutAndLosesNothing()
    {
        var log = await OpenWithTopicAsync(partitions: 2);
        var handlers = Enumerable.Range(0, 4).Select(_ => new RecordingHandler()).ToList();
        using var stop = new CancellationTokenSource();
        var seen = new ConcurrentDictionary<RecordPosition, int>();
        var readings = new List<Task>();
        foreach (var handler in handlers)
        {
            var consumer = await SubscribeAsync(Open(), "g", handler);
            readings.Add(KeepReadingAsync(consumer, stop.Token, r => seen.AddOrUpdate(new RecordPosition(r.Partition, r.Offset), 1, (_, n) => n + 1)));
        }

        await Eventually.TrueAsync(() => handlers.Sum(h => h.Held.Count) == 2 && handlers.All(h => h.Held.Count <= 1));
        await AppendAllAsync(log, Enumerable.Range(0, 200).Select(i => Text("x", $"{i}")));
        await Eventually.TrueAsync(() => seen.Count == 200);
        Assert.All(seen.Values, n => Assert.Equal(1, n));
        await stop.CancelAsync();
        await Task.WhenAll(readings);
    }

    [Fact]
    public async Task Group_MemberDies_OthersTakeOverAfterItsSession()
    {
        var log = await OpenWithTopicAsync(partitions: 4);
        var doomed = Harness.Open();
        var (handlerA, handlerB) = (new RecordingHandler(), new RecordingHandler());
        var a = await doomed.SubscribeAsync(new ConsumerDefinition(TopicName, "g", handlerA, SessionTimeout: _shortSession), Token);
        await a.ReadAsync(TimeSpan.Zero, Token);
        Assert.Equal(4, a.Assignment.Count);
        var b = await SubscribeAsync(log, "g", handlerB, _shortSession);
        Assert.Null(await b.ReadAsync(TimeSpan.Zero, Token));
        Assert.Empty(b.Assignment);

        await Harness.KillAsync(doomed);
        using var stop = new CancellationTokenSource();
        var reading = KeepReadingAsync(b, stop.Token);
        await Eventually.TrueAsync(() => handlerB.Held.Count == 4);
        await stop.CancelAsync();
        await reading;
        await a.DisposeAsync();
    }

    [Fact]
    public async Task Group_HandlerWasCalledAndNothingIsToBeRead_ReturnsAtOnceThatPositionsCanBeCommitted()
    {
        var log = await OpenWithTopicAsync(partitions: 2);
        var (handlerA, handlerB) = (new RecordingHandler(), new RecordingHandler());
        var a = await SubscribeAsync(log, "g", handlerA);
        var forEver = TimeSpan.FromDays(1);
        Assert.Null(await a.ReadAsync(forEver, Token).AsTask().WaitAsync(Patience));
        Assert.Equal(2, handlerA.Held.Count);

        var waiting = a.ReadAsync(forEver, Token).AsTask();
        var b = await SubscribeAsync(Open(), "g", handlerB);
        using var stop = new CancellationTokenSource();
        var reading = KeepReadingAsync(b, stop.Token);
        Assert.Null(await waiting.WaitAsync(Patience));
        Assert.Single(handlerA.Held);
        await Eventually.TrueAsync(() => handlerB.Held.Count == 1);
        await stop.CancelAsync();
        await reading;
    }

    [Fact]
    public async Task Group_SinkIsSlow_KeepsItsPartitionsByHeartbeatsInTheBackground()
    {
        var log = await OpenWithTopicAsync(partitions: 2);
        var handler = new RecordingHandler();

        // Long enough for a heartbeat that a busy machine delays.
        var session = TimeSpan.FromSeconds(2);
        var slow = await SubscribeAsync(log, "g", handler, session);
        await slow.ReadAsync(TimeSpan.Zero, Token);
        var other = await SubscribeAsync(Open(), "g", session: session);
        var until = DateTimeOffset.UtcNow.Add(1.5 * session);
        while (DateTimeOffset.UtcNow < until)
            await other.ReadAsync(TimeSpan.FromMilliseconds(100), Token);

        Assert.Empty(other.Assignment);
        await AppendAllAsync(log, Enumerable.Range(0, 20).Select(i => Text("x", $"{i}")));
        await slow.CommitAsync(new Dictionary<int, long> { [0] = 1 }, Token);
        Assert.Equal(1, Assert.Single(await log.GetGroupsAsync(Token), g => g.Topic == TopicName).Partitions[0].CommittedOffset);
        Assert.DoesNotContain(handler.Calls, c => c.StartsWith("lost", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Group_CommitOfAPartitionNotHeld_IsLeftAlone()
    {
        var log = await OpenWithTopicAsync(partitions: 2);
        await AppendAllAsync(log, Enumerable.Range(0, 50).Select(i => Text("x", $"{i}")));
        var a = await SubscribeAsync(log, "g");
        await a.ReadAsync(TimeSpan.Zero, Token);
        var b = await SubscribeAsync(Open(), "g");
        using var stop = new CancellationTokenSource();
        var reading = KeepReadingAsync(b, stop.Token);
        await ConsumeUntilAsync(a, _ => a.Assignment.Count == 1);
        await Eventually.TrueAsync(() => b.Assignment.Count == 1);
        await stop.CancelAsync();
        await reading;

        var mine = a.Assignment.Single();
        await a.CommitAsync(new Dictionary<int, long> { [mine] = 2, [1 - mine] = 3 }, Token);
        var group = Assert.Single(await log.GetGroupsAsync(Token), g => g.Topic == TopicName);
        Assert.Equal(2, group.Partitions[mine].CommittedOffset);
        Assert.Equal(0, group.Partitions[1 - mine].CommittedOffset);
    }

    [Fact]
    public async Task Group_MembersComeAndGoWhileRecordsFlow_EveryRecordIsReadAndNoPartitionHeldTwice()
    {
        var log = await OpenWithTopicAsync(partitions: 5);
        var owners = new ConcurrentDictionary<int, int>();
        var seen = new ConcurrentDictionary<RecordPosition, int>();
        using var stopWriting = new CancellationTokenSource();
        var writing = Task.Run(async () =>
        {
            var total = 0;
            for (; !stopWriting.IsCancellationRequested; total += 20)
                await AppendAllAsync(log, Enumerable.Range(total, 20).Select(i => Text("x", $"{i}")));
            return total;
        });

        async Task MemberAsync(int id, IEventLog process, int rounds, CancellationToken stop)
        {
            var positions = new Dictionary<int, long>();
            var handler = new RecordingHandler
            {
                Assigning = p => Assert.True(owners.TryAdd(p, id), $"{id} got {p} while {owners.GetValueOrDefault(p)} held it"),
                Revoking = p =>
                {
                    Assert.True(owners.TryRemove(p, out _));
                    positions.Remove(p);
                },
            };
            var consumer = await process.SubscribeAsync(new ConsumerDefinition(TopicName, "g", handler), Token);
            for (var i = 0; i < rounds && !stop.IsCancellationRequested; i++)
            {
                using var batch = await consumer.ReadAsync(TimeSpan.FromMilliseconds(20), Token);
                if (batch is null)
                    continue;
                foreach (var record in batch)
                    seen.AddOrUpdate(new RecordPosition(batch.Partition, record.Offset), 1, (_, n) => n + 1);
                positions[batch.Partition] = batch.NextOffset;
                await consumer.CommitAsync(positions, Token);
            }

            foreach (var partition in consumer.Assignment)
                owners.TryRemove(partition, out _);
            await consumer.DisposeAsync();
        }

        var processes = new[] { log, Open(), Open() };
        await Task.WhenAll(Enumerable.Range(0, 6).Select(i => Task.Run(() => MemberAsync(i, processes[i % 3], 20 + (i * 10), Token))));
        await stopWriting.CancelAsync();
        var total = await writing;
        using var stopReading = new CancellationTokenSource();
        var last = MemberAsync(99, log, int.MaxValue, stopReading.Token);
        await Eventually.TrueAsync(() => last.IsFaulted || seen.Count == total, describe: () => $"{seen.Count} of {total}");
        Assert.False(last.IsFaulted, last.Exception?.ToString());
        await stopReading.CancelAsync();
        await last;
        Assert.All(seen.Values, n => Assert.Equal(1, n));
    }
}
