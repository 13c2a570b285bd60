namespace Pipeline.EventLog.Tests.Conformance;

public abstract partial class EventLogConformance
{
    private const int ChunkBytes = 64 << 10;

    [SkippableFact]
    public async Task Retention_BySize_DropsTheOldestAndMovesTheStart()
    {
        Skip.IfNot(Harness.RetainsOnDemand);
        var log = await OpenWithTopicAsync(retention: new RetentionPolicy(MaxBytes: 400_000));
        for (var i = 0; i < 10; i++)
        {
            await AppendAllAsync(log, Enumerable.Range(0, 100).Select(_ => new NewRecord(default, new byte[1000])));
            await Harness.RetainAsync(ChunkBytes);
        }

        var status = Assert.Single(await log.GetTopicsAsync(Token), t => t.Name == TopicName).Partitions[0];
        Assert.InRange(status.StartOffset, 1, 900);
        Assert.Equal(1000, status.EndOffset);
        var records = await ReadAllAsync(log, 0);
        Assert.Equal(status.StartOffset, records[0].Offset);
        Assert.Equal(1000 - status.StartOffset, records.Count);
        Assert.Equal(1000, (await AppendAsync(log, "next")).Offset);
    }

    [SkippableFact]
    public async Task Retention_ByAge_DropsWhatIsOldAndKeepsWhatIsNew()
    {
        Skip.IfNot(Harness.RetainsOnDemand);
        var log = await OpenWithTopicAsync(retention: new RetentionPolicy(MaxAge: TimeSpan.FromMilliseconds(1)));
        await AppendAllAsync(log, Enumerable.Range(0, 100).Select(_ => new NewRecord(default, new byte[1000])));
        while (Assert.Single(await log.GetTopicsAsync(Token), t => t.Name == TopicName).Partitions[0].StartOffset < 100)
        {
            Token.ThrowIfCancellationRequested();
            await Harness.RetainAsync(ChunkBytes);
        }

        using var empty = await log.ReadAsync(TopicName, 0, 0, cancellationToken: Token);
        Assert.Equal((0, 100L), (empty.Count, empty.NextOffset));
        Assert.Equal(100, (await AppendAsync(log, "new")).Offset);
        Assert.Equal("new", Assert.Single(await ReadAllAsync(log, 0)).Text);
    }

    [SkippableFact]
    public async Task Retention_NotYetConsumed_IsKeptUntilItIs()
    {
        Skip.IfNot(Harness.RetainsOnDemand);
        var log = await OpenWithTopicAsync(retention: new RetentionPolicy(MaxBytes: 1));
        var consumer = await SubscribeAsync(log, GroupName);
        for (var i = 0; i < 5; i++)
        {
            await AppendAllAsync(log, Enumerable.Range(0, 100).Select(_ => new NewRecord(default, new byte[1000])));
            await Harness.RetainAsync(ChunkBytes);
        }

        var records = await ConsumeUntilAsync(consumer, r => r.Count == 500);
        Assert.Equal(0, records[0].Offset);
        await consumer.CommitAsync(new Dictionary<int, long> { [0] = 250 }, Token);
        await Harness.RetainAsync(ChunkBytes);
        Assert.InRange(Assert.Single(await log.GetTopicsAsync(Token), t => t.Name == TopicName).Partitions[0].StartOffset, 1, 250);

        await consumer.CommitAsync(new Dictionary<int, long> { [0] = 500 }, Token);
        await Harness.RetainAsync(ChunkBytes);
        Assert.Equal(500, Assert.Single(await log.GetTopicsAsync(Token), t => t.Name == TopicName).Partitions[0].StartOffset);
    }

    [SkippableFact]
    public async Task Retention_DropUnconsumed_DropsAndTheGroupGoesOnAtTheStart()
    {
        Skip.IfNot(Harness.RetainsOnDemand);
        var log = await OpenWithTopicAsync(retention: new RetentionPolicy(MaxBytes: 1, DropUnconsumed: true));
        var consumer = await SubscribeAsync(log, GroupName);
        Assert.Null(await consumer.ReadAsync(TimeSpan.Zero, Token));
        for (var i = 0; i < 3; i++)
        {
            await AppendAllAsync(Open(), Enumerable.Range(0, 100).Select(_ => new NewRecord(default, new byte[1000])));
            await Harness.RetainAsync(ChunkBytes);
        }

        await AppendAsync(log, "last");
        var records = await ConsumeUntilAsync(consumer, r => r.Any(x => x.Text == "last"));
        Assert.Equal(300, records[^1].Offset);
        Assert.Equal(0, Assert.Single(await log.GetGroupsAsync(Token), g => g.Topic == TopicName).Partitions[0].CommittedOffset % 100);
    }

    [SkippableFact]
    public async Task Retention_WhileAppendsAndReadsGoOn_LosesAndReordersNothing()
    {
        Skip.IfNot(Harness.RetainsOnDemand);
        var log = await OpenWithTopicAsync(partitions: 2, retention: new RetentionPolicy(MaxBytes: 200_000));
        var other = Open();
        var consumer = await SubscribeAsync(Open(), GroupName, maxBatchBytes: 30_000);
        const int Total = 3_000;
        var writing = Task.WhenAll(new[] { log, other }.Select(w => Task.Run(async () =>
        {
            for (var i = 0; i < Total / 2; i += 10)
                await AppendAllAsync(w, Enumerable.Range(i, 10).Select(n => new NewRecord(BitConverter.GetBytes(n), new byte[500])));
        })));
        using var stop = new CancellationTokenSource();
        var retaining = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
                await Harness.RetainAsync(ChunkBytes);
        });

        var next = new long[2];
        while (next.Sum() < Total)
        {
            using var batch = await consumer.ReadAsync(Patience, Token);
            Assert.Equal(next[batch!.Partition], batch.BaseOffset);
            foreach (var record in batch)
                Assert.Equal(next[batch.Partition]++, record.Offset);
            await consumer.CommitAsync(new Dictionary<int, long> { [batch.Partition] = batch.NextOffset }, Token);
        }

        await writing;
        await stop.CancelAsync();
        await retaining;
    }
}
