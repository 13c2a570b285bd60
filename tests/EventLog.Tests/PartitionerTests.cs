using System.Text;

namespace Pipeline.EventLog.Tests;

public class PartitionerTests
{
    /// <summary>The vectors of Apache Kafka's UtilsTest.testMurmur2.</summary>
    [Theory]
    [InlineData("21", -973932308)]
    [InlineData("foobar", -790332482)]
    [InlineData("a-little-bit-long-string", -985981536)]
    [InlineData("a-little-bit-longer-string", -1486304829)]
    [InlineData("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971)]
    [InlineData("abc", 479470107)]
    public void Murmur2_KnownText_HashesAsInKafka(string text, int expected) => Assert.Equal(expected, (int)Partitioner.Murmur2(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void ForKey_ManyKeys_SpreadsEvenly()
    {
        var counts = new int[7];
        for (var i = 0; i < 70_000; i++)
            counts[Partitioner.ForKey(BitConverter.GetBytes(i), 7)]++;
        Assert.All(counts, c => Assert.InRange(c, 9_500, 10_500));
    }

    [Fact]
    public void ForKey_OnePartition_IsZero() => Assert.Equal(0, Partitioner.ForKey("any"u8, 1));
}
