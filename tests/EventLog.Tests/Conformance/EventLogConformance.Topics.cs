namespace Pipeline.EventLog.Tests.Conformance;

public abstract partial class EventLogConformance
{
    [SkippableFact]
    public async Task EnsureTopic_Again_KeepsItsRecords()
    {
        var log = await OpenWithTopicAsync(partitions: 2);
        await AppendAsync(log, "x", "key");
        await log.EnsureTopicAsync(new TopicDefinition(TopicName, 2, new RetentionPolicy(TimeSpan.FromDays(1))), Token);
        var topic = Assert.Single(await log.GetTopicsAsync(Token), t => t.Name == TopicName);
        Assert.Equal([0, 1], topic.Partitions.Select(p => p.Partition));
        Assert.Equal(1, topic.Partitions.Sum(p => p.EndOffset));
    }

    [SkippableFact]
    public async Task EnsureTopic_ByManyProcessesAtOnce_CreatesItOnce()
    {
        var logs = Enumerable.Range(0, 6).Select(_ => Open()).ToList();
        await Task.WhenAll(logs.Select(l => l.EnsureTopicAsync(new TopicDefinition(TopicName, 3), Token).AsTask()));
        Assert.Equal(3, Assert.Single(await logs[0].GetTopicsAsync(Token), t => t.Name == TopicName).Partitions.Count);
        foreach (var log in logs)
            await AppendAsync(log, "x", "same key");
    }

    [SkippableFact]
    public async Task EnsureTopic_OtherPartitions_FailsForGood()
    {
        var log = await OpenWithTopicAsync(partitions: 2);
        var error = await Assert.ThrowsAsync<TerminalException>(async () => await log.EnsureTopicAsync(new TopicDefinition(TopicName, 3), Token));
        Assert.Contains(TopicName, error.Message, StringComparison.Ordinal);
        Assert.Equal(2, Assert.Single(await log.GetTopicsAsync(Token), t => t.Name == TopicName).Partitions.Count);
    }

    [SkippableTheory]
    [InlineData("", 1)]
    [InlineData(".", 1)]
    [InlineData("..", 1)]
    [InlineData("a b", 1)]
    [InlineData("a/b", 1)]
    [InlineData("café", 1)]
    [InlineData("fine", 0)]
    [InlineData("fine", -1)]
    [InlineData("fine", 1001)]
    public async Task EnsureTopic_NotValid_FailsForGood(string name, int partitions)
    {
        var log = Open();
        await Assert.ThrowsAsync<TerminalException>(async () => await log.EnsureTopicAsync(new TopicDefinition(name, partitions), Token));
    }

    [SkippableFact]
    public async Task EnsureTopic_LongestName_Works()
    {
        var log = Open();
        var name = Guid.NewGuid().ToString("N").PadRight(200, '_');
        await log.EnsureTopicAsync(new TopicDefinition(name), Token);
        await Assert.ThrowsAsync<TerminalException>(async () => await log.EnsureTopicAsync(new TopicDefinition(name + "_"), Token));
        Assert.Contains(await log.GetTopicsAsync(Token), t => t.Name == name);
    }

    [SkippableFact]
    public async Task GetTopics_AfterAppends_ShowsTheirEnds()
    {
        var log = await OpenWithTopicAsync(partitions: 4);
        var positions = await AppendAllAsync(log, Enumerable.Range(0, 100).Select(i => Text("x", $"{i}")));
        var expected = Enumerable.Range(0, 4).Select(p => new PartitionStatus(p, 0, positions.LongCount(x => x.Partition == p)));
        Assert.Equal(expected, Assert.Single(await log.GetTopicsAsync(Token), t => t.Name == TopicName).Partitions);
        var names = (await log.GetTopicsAsync(Token)).Select(t => t.Name).ToList();
        Assert.Equal(names.Order(StringComparer.Ordinal), names);
    }

    [SkippableFact]
    public async Task Ping_LogIsThere_Completes() => await Open().PingAsync(Token);

    [SkippableFact]
    public async Task Read_EmptyPartition_GivesAnEmptyBatch()
    {
        var log = await OpenWithTopicAsync();
        using var batch = await log.ReadAsync(TopicName, 0, 0, cancellationToken: Token);
        Assert.Equal((0, 0L, 0L), (batch.Count, batch.BaseOffset, batch.NextOffset));
    }

    [SkippableFact]
    public async Task Read_AtAndBeyondTheEnd_GivesAnEmptyBatchThere()
    {
        var log = await OpenWithTopicAsync();
        await AppendAsync(log, "x");
        foreach (var offset in new long[] { 1, 2, 1_000_000 })
        {
            using var batch = await log.ReadAsync(TopicName, 0, offset, cancellationToken: Token);
            Assert.Equal((0, offset), (batch.Count, batch.NextOffset));
        }
    }

    [SkippableFact]
    public async Task Read_FromAnyOffset_StartsThere()
    {
        var log = await OpenWithTopicAsync();
        await AppendAllAsync(log, Enumerable.Range(0, 100).Select(i => Text($"{i}")));
        await AppendAllAsync(log, Enumerable.Range(100, 100).Select(i => Text($"{i}")));
        for (var offset = 0; offset < 200; offset++)
        {
            using var batch = await log.ReadAsync(TopicName, 0, offset, 500, Token);
            var records = StoredRecord.Of(batch);
            Assert.Equal(offset, batch.BaseOffset);
            Assert.Equal(Enumerable.Range(offset, batch.Count).Select(i => $"{i}"), records.Select(r => r.Text));
        }

        Assert.Equal(200, (await ReadAllAsync(log, 0, -5)).Count);
    }

    [SkippableFact]
    public async Task Read_SmallLimit_GivesAtLeastOneRecordAndAboutTheLimit()
    {
        var log = await OpenWithTopicAsync();
        await AppendAllAsync(log, Enumerable.Range(0, 1000).Select(_ => new NewRecord(default, new byte[1000])));
        using var one = await log.ReadAsync(TopicName, 0, 0, 1, Token);
        Assert.True(one.Count >= 1);
        using var some = await log.ReadAsync(TopicName, 0, 0, 100_000, Token);
        Assert.InRange(some.Data.Length, 50_000, 150_000);
    }

    [SkippableFact]
    public async Task Read_UnknownTopicOrPartition_FailsForGood()
    {
        var log = await OpenWithTopicAsync(partitions: 2);
        await Assert.ThrowsAsync<TerminalException>(async () => await log.ReadAsync("no-such-topic", 0, 0, cancellationToken: Token));
        await Assert.ThrowsAsync<TerminalException>(async () => await log.ReadAsync(TopicName, 2, 0, cancellationToken: Token));
        await Assert.ThrowsAsync<TerminalException>(async () => await log.ReadAsync(TopicName, -1, 0, cancellationToken: Token));
        await Assert.ThrowsAsync<TerminalException>(async () => await log.SubscribeAsync(new ConsumerDefinition("no-such-topic", GroupName), Token));
    }

    [SkippableFact]
    public async Task Read_Cancelled_Ends()
    {
        var log = await OpenWithTopicAsync();
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await log.ReadAsync(TopicName, 0, 0, cancellationToken: cancelled.Token));
    }
}
