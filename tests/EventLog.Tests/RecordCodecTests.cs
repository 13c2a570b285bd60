using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Pipeline.EventLog.Tests;

public class RecordCodecTests
{
    private static readonly Gen<byte[]> _bytes = Gen.Choose(0, 300).SelectMany(n => Gen.Choose(0, 255).Select(b => (byte)b).ArrayOf(n));
    private static readonly Gen<int> _numbers = Gen.Choose(0, int.MaxValue - 1);
    private static readonly Gen<string> _names = Gen.Elements("traceparent", "a", "", "ünï", new string('n', 200));
    private static readonly Gen<RecordHeader> _headers = _names.SelectMany(n => _bytes.Select(v => new RecordHeader(n, v)));
    private static readonly Gen<RecordHeader[]> _headerLists = Gen.Choose(0, 5).SelectMany(n => _headers.ArrayOf(n));
    private static readonly Gen<NewRecord> _records = _bytes.SelectMany(k => _bytes.SelectMany(v => _headerLists.Select(h => new NewRecord(k, v, h))));

    [Fact]
    public void Write_AnyRecords_ReadBackTheSame() =>
        Prop.ForAll(_records.ListOf().ToArbitrary(), records =>
        {
            var data = Encode([.. records]);
            using var batch = new RecordBatch("t", 3, 100, records.Count, data);
            var i = 0;
            foreach (var view in batch)
            {
                var record = records[i];
                Assert.Equal((100L + i, 1_000L + i), (view.Offset, view.TimestampMilliseconds));
                Assert.Equal(record.Key.ToArray(), view.Key.ToArray());
                Assert.Equal(record.Value.ToArray(), view.Value.ToArray());
                Assert.Equal(record.Value.ToArray(), view.ValueMemory.ToArray());
                Assert.Equal(record.Headers.Length, view.HeaderCount);
                var headers = view.CopyHeaders();
                foreach (var (expected, actual) in record.Headers.ToArray().Zip(headers))
                {
                    Assert.Equal((expected.Name, Convert.ToHexString(expected.Value.Span)), (actual.Name, Convert.ToHexString(actual.Value.Span)));
                    Assert.True(view.TryGetHeader(Encoding.UTF8.GetBytes(expected.Name), out var first));
                    Assert.Equal(record.Headers.ToArray().First(h => h.Name == expected.Name).Value.ToArray(), first.ToArray());
                }

                i++;
            }

            Assert.Equal(records.Count, i);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Skip_AnyCount_StandsAtThatRecord() =>
        Prop.ForAll(_records.NonEmptyListOf().ToArbitrary(), Gen.Choose(0, 100).ToArbitrary(), (records, n) =>
        {
            var count = n % (records.Count + 1);
            var data = Encode([.. records]);
            Assert.Equal(records.Take(count).Sum(r => RecordCodec.GetSize(r)), RecordCodec.Skip(data, count));
            Assert.Throws<TerminalException>(() => RecordCodec.Skip(data, records.Count + 1));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Read_BytesOfAnyKind_EitherReadsOrFailsForGood() =>
        Prop.ForAll(_bytes.ToArbitrary(), Gen.Choose(0, 40).ToArbitrary(), (data, count) => Walk(data, count))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(1_000));

    [Fact]
    public void Read_RecordsWithAChangedByte_EitherReadsOrFailsForGood() =>
        Prop.ForAll(_records.NonEmptyListOf().ToArbitrary(), _numbers.ToArbitrary(), _numbers.ToArbitrary(), (records, at, value) =>
        {
            var data = Encode([.. records]);
            data[at % data.Length] = (byte)value;
            Walk(data, records.Count);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1_000));

    [Fact]
    public void Read_RecordsCutOff_FailsForGood() =>
        Prop.ForAll(_records.NonEmptyListOf().ToArbitrary(), Gen.Choose(1, int.MaxValue - 1).ToArbitrary(), (records, n) =>
        {
            var data = Encode([.. records]);
            Assert.Throws<TerminalException>(() => Read(data.AsMemory(0, data.Length - 1 - (n % data.Length)), records.Count));
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("FFFFFFFF0000000000000000")]
    [InlineData("FFFFFF7F0000000000000000")]
    [InlineData("000000800000000000000000")]
    [InlineData("070000000000000000000000")]
    [InlineData("080000000000000000000000")]
    [InlineData("0A000000000000000000000000FF")]
    [InlineData("0E000000000000000000000000FFFFFFFF0F")]
    [InlineData("0E000000000000000000000000FFFFFFFF07")]
    [InlineData("0E0000000000000000000000FFFFFFFF0700")]
    [InlineData("0F000000000000000000000000808080808001")]
    public void Read_HostileLengths_FailsForGood(string hex) => Assert.Throws<TerminalException>(() => Read(Convert.FromHexString(hex), 1));

    private static byte[] Encode(List<NewRecord> records)
    {
        var data = new byte[records.Sum(r => RecordCodec.GetSize(r))];
        var at = 0;
        for (var i = 0; i < records.Count; i++)
        {
            var written = RecordCodec.Write(data.AsSpan(at), records[i], 1_000 + i);
            Assert.Equal(RecordCodec.GetSize(records[i]), written);
            at += written;
        }

        return data;
    }

    private static void Walk(byte[] data, int count)
    {
        try
        {
            Read(data, count);
        }
        catch (TerminalException)
        {
            // What else it throws fails the test.
        }
    }

    private static void Read(ReadOnlyMemory<byte> data, int count)
    {
        using var batch = new RecordBatch("t", 0, 0, count, data);
        foreach (var record in batch)
        {
            _ = record.Value.Length + record.Key.Length + record.TimestampMilliseconds;
            record.TryGetHeader("traceparent"u8, out _);
            record.CopyHeaders();
        }
    }
}
