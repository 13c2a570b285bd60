using System.Text;

namespace Pipeline.EventLog.Tests.Conformance;

/// <summary>Topics, appends, reads and retention.</summary>
public abstract partial class EventLogConformance(LogHarness harness) : LogSuite(harness)
{
    [SkippableFact]
    public async Task Append_ToOnePartition_GivesDenseOffsetsFromZero()
    {
        var log = await OpenWithTopicAsync();
        for (var i = 0; i < 10; i++)
            Assert.Equal(new RecordPosition(0, i), await AppendAsync(log, $"value {i}"));

        var records = await ReadAllAsync(log, 0);
        Assert.Equal(Enumerable.Range(0, 10).Select(i => ((long)i, $"value {i}")), records.Select(r => (r.Offset, r.Text)));
    }

    [SkippableFact]
    public async Task Append_WithKeyHeadersAndValue_ReadsBackTheSame()
    {
        var log = await OpenWithTopicAsync();
        RecordHeader[] headers = [new("traceparent", "00-1-2-03"u8.ToArray()), new("empty", default), new("traceparent", "second"u8.ToArray())];
        var before = DateTimeOffset.UtcNow;
        await log.AppendAsync(TopicName, new NewRecord("kéy"u8.ToArray(), "välue"u8.ToArray(), headers), Token);
        var after = DateTimeOffset.UtcNow;

        using var batch = await log.ReadAsync(TopicName, 0, 0, cancellationToken: Token);
        var record = Assert.Single(StoredRecord.Of(batch));
        Assert.Equal(("kéy", "välue"), (record.Key, record.Text));
        Assert.Equal([("traceparent", "00-1-2-03"), ("empty", ""), ("traceparent", "second")], record.Headers);
        Assert.InRange(record.Timestamp, before.AddMilliseconds(-1), after.AddMilliseconds(1));
        foreach (var view in batch)
        {
            Assert.True(view.TryGetHeader("traceparent"u8, out var value));
            Assert.Equal("00-1-2-03", Encoding.UTF8.GetString(value));
            Assert.False(view.TryGetHeader("other"u8, out _));
        }
    }

    [SkippableFact]
    public async Task Append_EmptyValueAndNoKey_IsARecord()
    {
        var log = await OpenWithTopicAsync();
        await log.AppendAsync(TopicName, default, Token);
        await log.AppendAsync(TopicName, new NewRecord("k"u8.ToArray(), default), Token);
        var records = await ReadAllAsync(log, 0);
        Assert.Equal([("", ""), ("k", "")], records.Select(r => (r.Key, r.Text)));
    }

    [SkippableFact]
    public async Task Append_SameKey_KeepsOnePartitionAndItsOrder()
    {
        var log = await OpenWithTopicAsync(partitions: 4);
        var records = Enumerable.Range(0, 400).Select(i => Text($"{i}", $"key {i % 7}")).ToArray();
        var positions = await AppendAllAsync(log, records);

        Assert.All(records.Zip(positions), p => Assert.Equal(Partitioner.ForKey(p.First.Key.Span, 4), p.Second.Partition));
        for (var partition = 0; partition < 4; partition++)
        {
            foreach (var key in (await ReadAllAsync(log, partition)).GroupBy(r => r.Key))
                Assert.Equal(key.Select(r => int.Parse(r.Text)).Order(), key.Select(r => int.Parse(r.Text)));
        }
    }

    [SkippableFact]
    public async Task Append_WithoutKey_SpreadsOverThePartitions()
    {
        var log = await OpenWithTopicAsync(partitions: 3);
        var positions = new List<RecordPosition>();
        for (var i = 0; i < 30; i++)
            positions.Add(await AppendAsync(log, "x"));
        Assert.Equal([0, 1, 2], positions.Select(p => p.Partition).Distinct().Order());
    }

    [SkippableFact]
    public async Task Append_ManyRecords_GivesThePositionOfEach()
    {
        var log = await OpenWithTopicAsync(partitions: 4);
        await AppendAllAsync(log, Enumerable.Range(0, 10).Select(i => Text("earlier", $"{i}")));
        var records = Enumerable.Range(0, 2_000).Select(i => Text($"value {i}", $"key {i % 100}")).ToArray();
        var positions = await AppendAllAsync(log, records);

        var stored = new Dictionary<RecordPosition, string>();
        for (var partition = 0; partition < 4; partition++)
        {
            foreach (var record in await ReadAllAsync(log, partition, maxBytes: 10_000))
                stored.Add(new RecordPosition(partition, record.Offset), record.Text);
        }

        Assert.Equal(2_010, stored.Count);
        Assert.Equal(Enumerable.Range(0, 2_000).Select(i => $"value {i}"), positions.Select(p => stored[p]));
    }

    [SkippableFact]
    public async Task Append_NoRecords_DoesNothing()
    {
        var log = await OpenWithTopicAsync();
        await log.AppendAsync(TopicName, ReadOnlySpan<NewRecord>.Empty, default, Token);
        Assert.Empty(await ReadAllAsync(log, 0));
    }

    [SkippableFact]
    public async Task Append_LargeRecords_ReadBackTheSame()
    {
        var log = await OpenWithTopicAsync();
        var random = new Random(7);
        var values = new[] { 1, 1_999, 2_001, 7_000, 8_085, 8_086, 8_100, 8_112, 8_192, 40_000, 65_536, 300_000, 1_000_000 }.Select(n =>
        {
            var value = new byte[n];
            random.NextBytes(value);
            return value;
        }).ToList();
        await AppendAllAsync(log, values.Select(v => new NewRecord(default, v)));
        foreach (var value in values)
            await log.AppendAsync(TopicName, new NewRecord(default, value), Token);

        foreach (var maxBytes in new[] { 1, 10_000, 1 << 20, 16 << 20 })
        {
            var records = await ReadAllAsync(log, 0, 0, maxBytes);
            Assert.Equal([.. values, .. values], records.Select(r => r.Value));
        }
    }

    [SkippableFact]
    public async Task Append_BuffersReusedAtOnce_StoresWhatTheyHeld()
    {
        var log = await OpenWithTopicAsync();
        var key = new byte[8];
        var value = new byte[100];
        var appends = new List<Task<RecordPosition>>();
        for (var i = 0; i < 200; i++)
        {
            Array.Fill(key, (byte)i);
            Array.Fill(value, (byte)(i + 1));
            appends.Add(log.AppendAsync(TopicName, new NewRecord(key, value), Token).AsTask());
        }

        Array.Clear(key);
        Array.Clear(value);
        await Task.WhenAll(appends);
        Assert.All(await ReadAllAsync(log, 0), r => Assert.All(r.Value, b => Assert.Equal((byte)(r.Offset + 1), b)));
    }

    [SkippableFact]
    public async Task Append_FirstToATopicByAnotherProcess_CopiesTheBuffersBeforeItReturns()
    {
        await OpenWithTopicAsync();
        var other = Open();
        var value = "before"u8.ToArray();
        var append = other.AppendAsync(TopicName, new NewRecord(default, value), Token);
        "after!"u8.CopyTo(value);
        await append;
        Assert.Equal("before", Assert.Single(await ReadAllAsync(other, 0)).Text);
    }

    [SkippableFact]
    public async Task Append_UnknownTopic_FailsForGoodAndHarmsNoNeighbour()
    {
        var log = await OpenWithTopicAsync();
        var unknown = log.AppendAsync("no-such-topic", Text("x"), Token).AsTask();
        var neighbour = AppendAsync(log, "fine").AsTask();
        var error = await Assert.ThrowsAsync<TerminalException>(() => unknown);
        Assert.Contains("no-such-topic", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, (await neighbour).Offset);
    }

    [SkippableFact]
    public async Task Append_TooLarge_FailsForGoodAndHarmsNoNeighbour()
    {
        Skip.IfNot(Harness.HasLimits);
        await OpenWithTopicAsync();
        var log = Open(new LogLimits(MaxRecordBytes: 10_000));
        var before = AppendAsync(log, "before").AsTask();
        var large = AppendAllAsync(log, [Text("small"), new NewRecord(default, new byte[10_001]), Text("small")]);
        var after = AppendAsync(log, "after").AsTask();
        await Assert.ThrowsAsync<TerminalException>(() => large);
        await Task.WhenAll(before, after);
        Assert.Equal(["after", "before"], (await ReadAllAsync(log, 0)).Select(r => r.Text).Order());
    }

    [SkippableFact]
    public async Task Append_MoreWaitingThanAllowed_IsRefusedAtOnceAndLaterTaken()
    {
        Skip.IfNot(Harness.HasLimits);
        await OpenWithTopicAsync();
        var log = Open(new LogLimits(MaxPendingBytes: 1 << 20));
        var appends = Enumerable.Range(0, 200).Select(i => log.AppendAsync(TopicName, new NewRecord(default, new byte[100_000]), Token).AsTask()).ToList();
        var outcomes = await Task.WhenAll(appends.Select(async a =>
        {
            try
            {
                await a;
                return true;
            }
            catch (TransientException)
            {
                return false;
            }
        }));

        var taken = outcomes.Count(o => o);
        Assert.InRange(taken, 1, 199);
        Assert.Equal(taken, (await AppendAsync(log, "later")).Offset);
    }

    [SkippableFact]
    public async Task Append_FromSeveralProcesses_LeavesNoGapAndReordersNothing()
    {
        const int Processes = 3;
        const int Writers = 4;
        const int Appends = 60;
        await OpenWithTopicAsync(partitions: 2);
        var logs = Enumerable.Range(0, Processes).Select(_ => Open()).ToList();
        var positions = new System.Collections.Concurrent.ConcurrentDictionary<RecordPosition, string>();
        await Task.WhenAll(Enumerable.Range(0, Processes * Writers).Select(w => Task.Run(async () =>
        {
            for (var i = 0; i < Appends; i++)
            {
                if (i % 3 == 0)
                {
                    var batch = Enumerable.Range(0, 5).Select(j => Text($"{w}:{i}:{j}", $"writer {w}")).ToArray();
                    var places = await AppendAllAsync(logs[w % Processes], batch);
                    for (var j = 0; j < 5; j++)
                        Assert.True(positions.TryAdd(places[j], $"{w}:{i}:{j}"));
                }
                else
                {
                    Assert.True(positions.TryAdd(await AppendAsync(logs[w % Processes], $"{w}:{i}:0", $"writer {w}"), $"{w}:{i}:0"));
                }
            }
        })));

        var read = 0;
        for (var partition = 0; partition < 2; partition++)
        {
            var records = await ReadAllAsync(logs[0], partition);
            read += records.Count;
            Assert.Equal(Enumerable.Range(0, records.Count).Select(o => (long)o), records.Select(r => r.Offset));
            Assert.All(records, r => Assert.Equal(positions[new RecordPosition(partition, r.Offset)], r.Text));
            foreach (var writer in records.GroupBy(r => r.Key))
            {
                var order = writer.Select(r => r.Text.Split(':')).Select(p => (int.Parse(p[1]), int.Parse(p[2]))).ToList();
                Assert.Equal(order.Order(), order);
            }
        }

        Assert.Equal(positions.Count, read);
    }

    [SkippableFact]
    public async Task Append_WhileOthersRead_NeverShowsAGap()
    {
        var writers = new[] { await OpenWithTopicAsync(), Open(), Open() };
        var reader = Open();
        var appends = Task.WhenAll(writers.Select(w => Task.Run(async () =>
        {
            for (var i = 0; i < 150; i++)
                await AppendAsync(w, "x");
        })));
        long next = 0;
        while (next < 450)
        {
            using var batch = await reader.ReadAsync(TopicName, 0, next, 1000, Token);
            Assert.True(batch.Count == 0 || batch.BaseOffset == next, $"wanted {next}, got {batch.BaseOffset}");
            next = batch.NextOffset;
        }

        await appends;
    }

    [SkippableFact]
    public async Task Append_CancelledBefore_AppendsNothing()
    {
        var log = await OpenWithTopicAsync();
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await log.AppendAsync(TopicName, Text("x"), cancelled.Token));
        await AppendAsync(log, "y");
        Assert.Equal("y", Assert.Single(await ReadAllAsync(log, 0)).Text);
    }

    [SkippableFact]
    public async Task Append_CancelledWhileWaiting_EndsTheWaitOnly()
    {
        var log = await OpenWithTopicAsync();
        for (var i = 0; i < 50; i++)
        {
            using var source = new CancellationTokenSource();
            var positions = new RecordPosition[3];
            var single = log.AppendAsync(TopicName, Text("cancelled"), source.Token).AsTask();
            var several = log.AppendAsync(TopicName, [Text("cancelled"), Text("cancelled"), Text("cancelled")], positions, source.Token).AsTask();
            var other = AppendAsync(log, "kept");
            await source.CancelAsync();
            await other;
            foreach (var task in new[] { single, several })
                await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            Assert.True(single.IsCanceled || single.IsCompletedSuccessfully);
        }

        Assert.Equal(50, (await ReadAllAsync(log, 0)).Count(r => r.Text == "kept"));
    }
}
