namespace Pipeline.EventLog.Tests.Conformance;

/// <summary>One member of a group: what it reads, where it starts, how it waits and ends.</summary>
public abstract class ConsumerConformance(LogHarness harness) : LogSuite(harness)
{
    [SkippableFact]
    public async Task Consumer_Alone_GetsAllPartitionsAndAllRecords()
    {
        var log = await OpenWithTopicAsync(partitions: 4);
        await AppendAllAsync(log, Enumerable.Range(0, 100).Select(i => Text($"{i}", $"{i}")));
        var handler = new RecordingHandler();
        var consumer = await SubscribeAsync(log, GroupName, handler);
        Assert.Empty(consumer.Assignment);

        var records = await ConsumeUntilAsync(consumer, r => r.Count == 100);
        Assert.Equal([0, 1, 2, 3], consumer.Assignment.Order());
        Assert.Equal(["assigned 0,1,2,3"], handler.Calls);
        Assert.Equal(Enumerable.Range(0, 100), records.Select(r => int.Parse(r.Text)).Order());
        Assert.Null(await consumer.ReadAsync(TimeSpan.Zero, Token));
    }

    [SkippableFact]
    public async Task Consumer_WaitsAndRecordsCome_WakesUp()
    {
        var log = await OpenWithTopicAsync(partitions: 2);
        var consumer = await SubscribeAsync(log, GroupName);
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

    [SkippableFact]
    public async Task Consumer_NothingComes_ReturnsNullAfterTheWait()
    {
        var log = await OpenWithTopicAsync();
        var consumer = await SubscribeAsync(log, GroupName);
        Assert.Null(await consumer.ReadAsync(TimeSpan.FromMilliseconds(20), Token));
    }

    [SkippableFact]
    public async Task Consumer_CancelledInMidWait_EndsAndGoesOnLater()
    {
        var log = await OpenWithTopicAsync();
        var consumer = await SubscribeAsync(log, GroupName);
        Assert.Null(await consumer.ReadAsync(TimeSpan.Zero, Token));
        using var source = new CancellationTokenSource();
        var read = consumer.ReadAsync(Patience, source.Token).AsTask();
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
        await AppendAsync(log, "x");
        using var batch = await consumer.ReadAsync(Patience, Token);
        Assert.Equal(1, batch?.Count);
    }

    [SkippableFact]
    public async Task Consumer_DisposedInMidWait_EndsTheRead()
    {
        var log = await OpenWithTopicAsync();
        var consumer = await SubscribeAsync(log, GroupName);
        Assert.Null(await consumer.ReadAsync(TimeSpan.Zero, Token));
        var read = consumer.ReadAsync(Patience, Token).AsTask();
        await consumer.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => read);
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await consumer.ReadAsync(TimeSpan.Zero, Token));
    }

    [SkippableFact]
    public async Task Consumer_SeveralPartitionsWithRecords_TakesTurns()
    {
        var log = await OpenWithTopicAsync(partitions: 3);
        await AppendAllAsync(log, Enumerable.Range(0, 3_000).Select(i => new NewRecord(BitConverter.GetBytes(i), new byte[1000])));
        var consumer = await SubscribeAsync(log, GroupName, maxBatchBytes: 50_000);
        using var first = await consumer.ReadAsync(Patience, Token);
        await Harness.FetchedAsync(consumer, 3_000 - first!.Count);
        var order = new List<int>();
        while (order.Count < 12)
        {
            using var batch = await consumer.ReadAsync(Patience, Token);
            order.Add(batch!.Partition);
        }

        Assert.All(order.Chunk(3), turn => Assert.Equal([0, 1, 2], turn.Order()));
    }

    [SkippableFact]
    public async Task Consumer_HandlerGivesPositions_StartsThere()
    {
        var log = await OpenWithTopicAsync(partitions: 2);
        await AppendAllAsync(log, Enumerable.Range(0, 100).Select(i => Text("x", $"{i}")));
        var first = await SubscribeAsync(log, GroupName);
        await ConsumeUntilAsync(first, r => r.Count == 100);
        await first.CommitAsync(new Dictionary<int, long> { [0] = 10, [1] = 20 }, Token);
        await first.DisposeAsync();

        var handler = new RecordingHandler(new Dictionary<int, long> { [0] = 30 });
        var consumer = await SubscribeAsync(log, GroupName, handler);
        var records = await ConsumeUntilAsync(consumer, r => r.Select(x => x.Partition).Distinct().Count() == 2);
        Assert.Equal(30, records.Where(r => r.Partition == 0).Min(r => r.Offset));
        Assert.Equal(20, records.Where(r => r.Partition == 1).Min(r => r.Offset));
    }

    [SkippableFact]
    public async Task Consumer_Seek_ReadsFromThereNext()
    {
        var log = await OpenWithTopicAsync();
        await AppendAllAsync(log, Enumerable.Range(0, 50).Select(i => Text($"{i}")));
        var consumer = await SubscribeAsync(log, GroupName);
        await ConsumeUntilAsync(consumer, r => r.Count == 50);
        consumer.Seek(0, 7);
        var again = await ConsumeUntilAsync(consumer, r => r.Count == 43);
        Assert.Equal(7, again[0].Offset);
        Assert.Throws<TerminalException>(() => consumer.Seek(1, 0));
    }

    [SkippableFact]
    public async Task Consumer_NewGroup_StartsAtTheStart_OldGroupWhereItCommitted()
    {
        var log = await OpenWithTopicAsync();
        await AppendAllAsync(log, Enumerable.Range(0, 10).Select(i => Text($"{i}")));
        var first = await SubscribeAsync(log, GroupName);
        await ConsumeUntilAsync(first, r => r.Count == 10);
        await first.CommitAsync(new Dictionary<int, long> { [0] = 4, [17] = 3 }, Token);
        await first.DisposeAsync();

        var second = await SubscribeAsync(Open(), GroupName);
        Assert.Equal(4, (await ConsumeUntilAsync(second, r => r.Count > 0))[0].Offset);
        var other = await SubscribeAsync(log, "other");
        Assert.Equal(0, (await ConsumeUntilAsync(other, r => r.Count > 0))[0].Offset);
    }

    [SkippableFact]
    public async Task GetGroups_CommittedAndAppended_ShowsLagEndsAndMembers()
    {
        var log = await OpenWithTopicAsync(partitions: 2);
        await AppendAllAsync(log, Enumerable.Range(0, 100).Select(i => Text("x", $"{i}")));
        var consumer = await SubscribeAsync(log, GroupName);
        await ConsumeUntilAsync(consumer, r => r.Count == 100);
        var ends = Assert.Single(await log.GetTopicsAsync(Token), t => t.Name == TopicName).Partitions;

        var group = Assert.Single(await log.GetGroupsAsync(Token), g => g.Topic == TopicName);
        Assert.Equal((GroupName, 1, 100L), (group.Group, group.Members, group.Lag));
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
}
