using Pipeline.Console.Parts;

namespace Pipeline.Console.Tests.Parts;

public class TextTests
{
    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(999, "999 B")]
    [InlineData(1_000, "1 KB")]
    [InlineData(999_949, "1 MB")]
    [InlineData(1_449_000, "1.4 MB")]
    [InlineData(123_456_789, "123 MB")]
    [InlineData(7_000_000_000_000, "7 TB")]
    public void Bytes_OfASize_HasTheUnitThatFits(long size, string text) => Assert.Equal(text, Text.Bytes(size));

    [Theory]
    [InlineData(0.5, "500 µs")]
    [InlineData(3.25, "3.3 ms")]
    [InlineData(340, "340 ms")]
    [InlineData(999.7, "1.0 s")]
    [InlineData(2_540, "2.5 s")]
    [InlineData(59_600, "1 min")]
    [InlineData(184_000, "3 min 4 s")]
    [InlineData(7_500_000, "2 h 5 min")]
    [InlineData(266_400_000, "3 d 2 h")]
    [InlineData(-2_540, "-2.5 s")]
    public void Duration_OfMilliseconds_IsShort(double milliseconds, string text) => Assert.Equal(text, Text.Duration(TimeSpan.FromMilliseconds(milliseconds)));

    [Theory]
    [InlineData(0, "now")]
    [InlineData(-0.9, "now")]
    [InlineData(5.9, "5 s ago")]
    [InlineData(119, "1 min ago")]
    [InlineData(3_599, "59 min ago")]
    [InlineData(90_000, "1 d ago")]
    [InlineData(-130, "in 2 min")]
    public void Ago_OfSeconds_IsRoundedDown(double seconds, string text)
    {
        var now = new DateTimeOffset(2026, 1, 31, 10, 0, 0, TimeSpan.Zero);
        Assert.Equal(text, Text.Ago(now.AddSeconds(-seconds), now));
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(0.254, "0.25")]
    [InlineData(7.349, "7.3")]
    [InlineData(1_250.4, "1,250")]
    public void Number_OfARate_HasTheDigitsThatMatter(double value, string text) => Assert.Equal(text, Text.Number(value));

    [Fact]
    public void Address_WithValues_LeavesOutWhatIsEmptyAndEncodesTheRest() =>
        Assert.Equal("/x?user=a%26b&page=3&at=2026-01-31T10%3A00%3A00.0000000Z", Address.Of(
            "/x", ("user", "a&b"), ("none", null), ("empty", ""), ("page", 3), ("off", false), ("at", new DateTimeOffset(2026, 1, 31, 12, 0, 0, TimeSpan.FromHours(2)))));
}
