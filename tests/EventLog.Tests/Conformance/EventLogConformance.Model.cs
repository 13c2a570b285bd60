using FsCheck.Fluent;

namespace Pipeline.EventLog.Tests.Conformance;

public abstract partial class EventLogConformance
{
    /// <summary>Random appends from two processes and random reads, against lists in memory.</summary>
    [SkippableFact]
    public async Task AppendsAndReads_InAnyOrder_AgreeWithAListForEachPartition()
    {
        const int Partitions = 3;
        var logs = new[] { await OpenWithTopicAsync(Partitions), Open() };
        var model = Enumerable.Range(0, Partitions).Select(_ => new List<(string Key, int Serial, int Size)>()).ToArray();
        var serial = 0;
        NewRecord Next(int seed, out string key, out int size)
        {
            key = $"key {seed % 11}";
            size = seed % 13 == 0 ? seed % 20_000 : seed % 300;
            var value = new byte[size + 4];
            BitConverter.TryWriteBytes(value, serial);
            return new NewRecord(System.Text.Encoding.UTF8.GetBytes(key), value);
        }

        var operations = Gen.Choose(0, 3).SelectMany(kind => Gen.Choose(1, int.MaxValue - 1).Select(seed => (Kind: kind, Seed: seed)));
        foreach (var (kind, seed) in operations.Sample(300))
        {
            var log = logs[seed & 1];
            switch (kind)
            {
                case 0:
                    var record = Next(seed, out var key, out var size);
                    var position = await log.AppendAsync(TopicName, record, Token);
                    Assert.Equal(model[position.Partition].Count, position.Offset);
                    model[position.Partition].Add((key, serial++, size));
                    break;
                case 1:
                    var records = new NewRecord[seed % 40];
                    var expected = new List<(string Key, int Serial, int Size)>();
                    for (var i = 0; i < records.Length; i++)
                    {
                        records[i] = Next(seed + i, out var k, out var s);
                        expected.Add((k, serial++, s));
                    }

                    var positions = await AppendAllAsync(log, records);
                    for (var i = 0; i < records.Length; i++)
                    {
                        Assert.Equal(model[positions[i].Partition].Count, positions[i].Offset);
                        model[positions[i].Partition].Add(expected[i]);
                    }

                    break;
                default:
                    var partition = seed % Partitions;
                    var list = model[partition];
                    var offset = seed % (list.Count + 3);
                    using (var batch = await log.ReadAsync(TopicName, partition, offset, 1 + (seed % 50_000), Token))
                    {
                        Assert.Equal(offset, batch.BaseOffset);
                        Assert.True(batch.Count > 0 || offset >= list.Count);
                        var read = StoredRecord.Of(batch).Select(r => (r.Key, BitConverter.ToInt32(r.Value), r.Value.Length - 4));
                        Assert.Equal(list.Skip(offset).Take(batch.Count), read);
                    }

                    break;
            }
        }
    }
}
