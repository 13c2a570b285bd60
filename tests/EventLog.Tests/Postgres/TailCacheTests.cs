using FsCheck;
using FsCheck.Fluent;
using Pipeline.EventLog.Postgres;

namespace Pipeline.EventLog.Tests.Postgres;

public class TailCacheTests
{
    /// <summary>Whatever is added, skipped (written by another process) and read: a hit has exactly what was written, and memory stays in its bound.</summary>
    [Fact]
    public void TryRead_AfterAnyAdds_GivesWhatWasAddedOrNothing() =>
        Prop.ForAll(Gen.Choose(0, int.MaxValue - 1).ListOf(60).ToArbitrary(), numbers =>
        {
            const int Capacity = 4_000;
            var pool = new SlabPool(16);
            var cache = new TailCache(Capacity);
            var topic = new Topic(1, "t", 3);
            topic.Subscribe(new Signal());
            var written = topic.Lanes.Select(_ => new List<int>()).ToList();
            var buffers = topic.Lanes.Select(l => new LaneBuffer(l)).ToList();
            var serial = 0;
            foreach (var number in numbers)
            {
                var random = new Random(number);
                var lane = random.Next(3);
                var records = written[lane];
                for (var i = random.Next(4) == 0 ? random.Next(5) : 0; i > 0; i--)
                    records.Add(-1);
                var buffer = buffers[lane];
                var start = records.Count;
                for (var i = random.Next(1, 30); i > 0; i--)
                {
                    var record = new NewRecord(BitConverter.GetBytes(serial), new byte[random.Next(200)]);
                    buffer.Add(pool, record, RecordCodec.GetSize(record), 0);
                    records.Add(serial++);
                }

                buffer.Seal();
                var newest = buffer.Rows[^1].Length;
                cache.Add(topic.Lanes[lane], buffer.Rows, start);
                buffer.Clear();

                var reader = random.Next(3);
                var offset = random.Next(written[reader].Count + 2);
                using var batch = cache.TryRead(topic.Lanes[reader], offset, random.Next(1, 2_000));
                if (reader == lane && offset == records.Count - 1)
                    Assert.Equal(newest <= Capacity, batch is not null);
                if (batch is null)
                    continue;
                Assert.Equal(offset, batch.BaseOffset);
                Assert.True(batch.Count > 0);
                foreach (var record in batch)
                    Assert.Equal(written[reader][(int)record.Offset], BitConverter.ToInt32(record.Key));
                Assert.True(topic.Lanes.Sum(l => Enumerable.Range(0, l.Tail.Count).Sum(i => l.Tail[i].Length)) <= Capacity);
            }
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Add_NobodyReadsTheTopicHere_KeepsNothing()
    {
        var cache = new TailCache(1 << 20);
        var topic = new Topic(1, "t", 1);
        var buffer = new LaneBuffer(topic.Lanes[0]);
        buffer.Add(new SlabPool(1), default, RecordCodec.GetSize(default), 0);
        buffer.Seal();
        cache.Add(topic.Lanes[0], buffer.Rows, 0);
        Assert.Equal(0, topic.Lanes[0].Tail.Count);
    }

    [Fact]
    public void TryRead_BelowTheStartThatRetentionLeft_GivesNothing()
    {
        var cache = new TailCache(1 << 20);
        var topic = new Topic(1, "t", 1);
        topic.Subscribe(new Signal());
        var buffer = new LaneBuffer(topic.Lanes[0]);
        for (var i = 0; i < 5; i++)
            buffer.Add(new SlabPool(1), default, RecordCodec.GetSize(default), 0);
        buffer.Seal();
        cache.Add(topic.Lanes[0], buffer.Rows, 10);
        topic.Lanes[0].KnownStart = 12;
        Assert.Null(cache.TryRead(topic.Lanes[0], 11, 1_000));
        using var batch = cache.TryRead(topic.Lanes[0], 12, 1_000);
        Assert.Equal((12L, 3), (batch!.BaseOffset, batch.Count));
    }
}
