using System.Collections.Concurrent;
using Pipeline.Testing;

namespace Pipeline.EventLog.Tests.Conformance;

/// <summary>Several members of a group: who holds what, and what becomes of it when they come, go, die or are slow.</summary>
public abstract class GroupConformance(LogHarness harness) : LogSuite(harness)
{
    [SkippableFact]
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
        var a = await SubscribeAsync(log, GroupName, handlerA);
        using var stopA = new CancellationTokenSource();
        var readingA = KeepReadingAsync(a, stopA.Token);
        await Eventually.TrueAsync(() => handlerA.Held.Count == 4);

        var b = await SubscribeAsync(Open(), GroupName, handlerB);
        using var stopB = new CancellationTokenSource();
        var readingB = KeepReadingAsync(b, stopB.Token);
        await Eventually.TrueAsync(() => handlerA.Held.Count == 2 && handlerB.Held.Count == 2);
        Assert.Equal(["assigned 0,1,2,3", $"revoked {string.Join(',', handlerB.Held.Order())}"], handlerA.Calls);

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

    [SkippableFact]
    public async Task Group_MoreMembersThanPartitions_LeavesSomeWithoutAndLosesNothing()
    {
        var log = await OpenWithTopicAsync(partitions: 2);
        var handlers = Enumerable.Range(0, 4).Select(_ => new RecordingHandler()).ToList();
        using var stop = new CancellationTokenSource();
        var seen = new ConcurrentDictionary<RecordPosition, int>();
        var readings = new List<Task>();
        foreach (var handler in handlers)
        {
            var consumer = await SubscribeAsync(Open(), GroupName, handler);
            readings.Add(KeepReadingAsync(consumer, stop.Token, r => seen.AddOrUpdate(new RecordPosition(r.Partition, r.Offset), 1, (_, n) => n + 1)));
        }

        await Eventually.TrueAsync(() => handlers.Sum(h => h.Held.Count) == 2 && handlers.All(h => h.Held.Count <= 1));
        await AppendAllAsync(log, Enumerable.Range(0, 200).Select(i => Text("x", $"{i}")));
        await Eventually.TrueAsync(() => seen.Count == 200);
        Assert.All(seen.Values, n => Assert.Equal(1, n));
        await stop.CancelAsync();
        await Task.WhenAll(readings);
    }

    [SkippableFact]
    public async Task Group_MemberDies_OthersTakeOverAfterItsSession()
    {
        var log = await OpenWithTopicAsync(partitions: 4);
        var doomed = Harness.Open();
        var (handlerA, handlerB) = (new RecordingHandler(), new RecordingHandler());
        var a = await doomed.SubscribeAsync(new ConsumerDefinition(TopicName, GroupName, handlerA, SessionTimeout: Harness.ShortSession), Token);
        await a.ReadAsync(TimeSpan.Zero, Token);
        Assert.Equal(4, a.Assignment.Count);
        var b = await SubscribeAsync(log, GroupName, handlerB, Harness.ShortSession);
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

    [SkippableFact]
    public async Task Group_HandlerWasCalledAndNothingIsToBeRead_ReturnsAtOnceThatPositionsCanBeCommitted()
    {
        var log = await OpenWithTopicAsync(partitions: 2);
        var (handlerA, handlerB) = (new RecordingHandler(), new RecordingHandler());
        var a = await SubscribeAsync(log, GroupName, handlerA);
        var forEver = TimeSpan.FromDays(1);
        Assert.Null(await a.ReadAsync(forEver, Token).AsTask().WaitAsync(Patience));
        Assert.Equal(2, handlerA.Held.Count);

        var waiting = a.ReadAsync(forEver, Token).AsTask();
        var b = await SubscribeAsync(Open(), GroupName, handlerB);
        using var stop = new CancellationTokenSource();
        var reading = KeepReadingAsync(b, stop.Token);
        Assert.Null(await waiting.WaitAsync(Patience));
        Assert.Single(handlerA.Held);
        await Eventually.TrueAsync(() => handlerB.Held.Count == 1);
        await stop.CancelAsync();
        await reading;
    }

    [SkippableFact]
    public async Task Group_SinkIsSlow_KeepsItsPartitionsByHeartbeatsInTheBackground()
    {
        var log = await OpenWithTopicAsync(partitions: 2);
        var handler = new RecordingHandler();

        // Long enough for a heartbeat that a busy machine delays.
        var session = Harness.ShortSession < TimeSpan.FromSeconds(2) ? TimeSpan.FromSeconds(2) : Harness.ShortSession;
        var slow = await SubscribeAsync(log, GroupName, handler, session);
        await slow.ReadAsync(TimeSpan.Zero, Token);
        var other = await SubscribeAsync(Open(), GroupName, session: session);
        var until = DateTimeOffset.UtcNow.Add(1.5 * session);
        while (DateTimeOffset.UtcNow < until)
            await other.ReadAsync(TimeSpan.FromMilliseconds(100), Token);

        Assert.Empty(other.Assignment);
        await AppendAllAsync(log, Enumerable.Range(0, 20).Select(i => Text("x", $"{i}")));
        await slow.CommitAsync(new Dictionary<int, long> { [0] = 1 }, Token);
        Assert.Equal(1, Assert.Single(await log.GetGroupsAsync(Token), g => g.Topic == TopicName).Partitions[0].CommittedOffset);
        Assert.DoesNotContain(handler.Calls, c => c.StartsWith("lost", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task Group_CommitOfAPartitionNotHeld_IsLeftAlone()
    {
        var log = await OpenWithTopicAsync(partitions: 2);
        await AppendAllAsync(log, Enumerable.Range(0, 50).Select(i => Text("x", $"{i}")));
        var a = await SubscribeAsync(log, GroupName);
        await a.ReadAsync(TimeSpan.Zero, Token);
        var b = await SubscribeAsync(Open(), GroupName);
        using var stop = new CancellationTokenSource();
        var reading = KeepReadingAsync(b, stop.Token);
        await ConsumeUntilAsync(a, _ => a.Assignment.Count == 1 && b.Assignment.Count == 1);
        await stop.CancelAsync();
        await reading;

        var mine = a.Assignment.Single();
        await a.CommitAsync(new Dictionary<int, long> { [mine] = 2, [1 - mine] = 3 }, Token);
        var group = Assert.Single(await log.GetGroupsAsync(Token), g => g.Topic == TopicName);
        Assert.Equal(2, group.Partitions[mine].CommittedOffset);
        Assert.Equal(0, group.Partitions[1 - mine].CommittedOffset);
    }

    [SkippableFact]
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
            var consumer = await process.SubscribeAsync(new ConsumerDefinition(TopicName, GroupName, handler), Token);
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
        Assert.True(seen.Values.All(n => n == 1) || !Harness.TakesOffsetsAlways, $"{seen.Values.Count(n => n > 1)} records were read again");
    }
}
