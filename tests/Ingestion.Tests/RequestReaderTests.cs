using System.Text;
using Pipeline.Ingestion.Application;
using Pipeline.Ingestion.Domain;

namespace Pipeline.Ingestion.Tests;

public sealed class RequestReaderTests
{
    [Fact]
    public void Event_Canonical_KeepsItsBytes()
    {
        var body = Samples.Utf8("  " + Samples.Event + "\n");
        using var read = RequestReader.ReadEvent(body, Samples.Limits);
        Assert.True(read.IsValid);
        Assert.Equal(Samples.Event, Text(read.Value(read[0])));
        Assert.Equal("user-17", Text(read.Key(read[0])));
        Assert.True(System.Runtime.InteropServices.MemoryMarshal.TryGetArray(read.Buffer, out var segment) && ReferenceEquals(segment.Array, body));
    }

    [Theory]
    [InlineData("userid", "UserId")]
    [InlineData("TIMESTAMP", "TimeStamp")]
    [InlineData("productId", "ProductId")]
    public void Event_OtherCase_IsRewrittenCanonically(string written, string canonical)
    {
        using var read = RequestReader.ReadEvent(Samples.Utf8(Samples.Event.Replace($"\"{canonical}\"", $"\"{written}\"", StringComparison.Ordinal)), Samples.Limits);
        Assert.True(read.IsValid);
        Assert.Equal(Samples.Event, Text(read.Value(read[0])));
    }

    [Fact]
    public void Event_PrettyPrinted_BecomesOneLine()
    {
        using var read = RequestReader.ReadEvent(Samples.Utf8(Samples.Event.Replace(",", ",\n  ", StringComparison.Ordinal)), Samples.Limits);
        Assert.True(read.IsValid);
        Assert.Equal(Samples.Event, Text(read.Value(read[0])));
    }

    [Fact]
    public void Event_EscapedAndForeignText_KeyIsDecoded()
    {
        var body = Samples.Event.Replace("user-17", "J\\u00fcrgen \\\"J\\\"", StringComparison.Ordinal);
        using var read = RequestReader.ReadEvent(Samples.Utf8(body), Samples.Limits);
        Assert.Equal("Jürgen \"J\"", Text(read.Key(read[0])));
        using var again = RequestReader.ReadEvent(read.Value(read[0]).ToArray(), Samples.Limits);
        Assert.Equal("Jürgen \"J\"", Text(again.Key(again[0])));
    }

    [Theory]
    [InlineData("\"UserId\":\"user-17\"", "\"UserId\":17", "UserId", "must be a string")]
    [InlineData("\"UserId\":\"user-17\"", "\"UserId\":\"\"", "UserId", "must not be empty")]
    [InlineData("\"UserId\":\"user-17\"", "\"UserId\":\"  \"", "UserId", "must not be empty")]
    [InlineData("\"UserId\":\"user-17\"", "\"UserId\":null", "UserId", "is required")]
    [InlineData("\"UserId\":\"user-17\",", "", "UserId", "is required")]
    [InlineData("\"UserId\":\"user-17\"", "\"UserId\":\"a\\u0000b\"", "UserId", "must not hold control characters")]
    [InlineData("\"UserId\":\"user-17\"", "\"UserId\":\"\\ud800\"", "UserId", "must be valid Unicode: it holds half of a surrogate pair")]
    [InlineData("\"UserId\":\"user-17\"", "\"UserId\":\"x\",\"userId\":\"y\"", "UserId", "is given twice")]
    [InlineData("\"AddedBasket\"", "\"Bought\"", "EventName", "must be one of PageVisited, AddedBasket, CheckedProductReviews")]
    [InlineData("30Z", "30", "TimeStamp", "must be a date and time with a zone, such as 2026-01-31T10:15:30Z or 2026-01-31T10:15:30.25+02:00")]
    [InlineData("2026-01-20T", "2026-02-30T", "TimeStamp", "must be a date and time with a zone, such as 2026-01-31T10:15:30Z or 2026-01-31T10:15:30.25+02:00")]
    [InlineData("2026-01-20T", "2027-11-22T", "TimeStamp", "must not be after 2026-11-21T00:00:00Z")]
    [InlineData("2026-01-20T", "1969-11-22T", "TimeStamp", "must not be before 1970-01-01T00:00:00Z")]
    [InlineData("19.99", "-0.01", "Attributes.Price", "must be from 0 to 1000000000000")]
    [InlineData("19.99", "1e400", "Attributes.Price", "must be from 0 to 1000000000000")]
    [InlineData("19.99", "\"NaN\"", "Attributes.Price", "must be a number")]
    [InlineData("\"Discount\":2.5", "\"Discount\":2.5,\"Colour\":\"red\"", "Attributes.Colour", "is not known; known are ProductId, Price, Discount")]
    [InlineData("{\"ProductId\":\"p-5\",\"Price\":19.99,\"Discount\":2.5}", "[]", "Attributes", "must be an object")]
    public void Event_Wrong_NamesTheField(string from, string to, string field, string message)
    {
        using var read = RequestReader.ReadEvent(Samples.Utf8(Samples.Event.Replace(from, to, StringComparison.Ordinal)), Samples.Limits);
        Assert.False(read.IsValid);
        Assert.Equal(message, Assert.Contains(field, read.Errors!.Messages));
        Assert.Single(read.Errors.Messages);
    }

    [Fact]
    public void Event_NaN_NamesTheFieldAndPlace()
    {
        using var read = RequestReader.ReadEvent(Samples.Utf8(Samples.Event.Replace("19.99", "NaN", StringComparison.Ordinal)), Samples.Limits);
        Assert.StartsWith("is not valid JSON at line 1, byte ", Assert.Contains("Attributes.Price", read.Errors!.Messages), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{} {}")]
    [InlineData("\u0000")]
    public void Event_NoObject_IsExplained(string body)
    {
        using var read = RequestReader.ReadEvent(Samples.Utf8(body), Samples.Limits);
        Assert.False(read.IsValid);
        Assert.NotEmpty(read.Errors!.Messages);
    }

    [Fact]
    public void Event_InvalidUtf8_IsRefused()
    {
        var body = Samples.Utf8(Samples.Event);
        body[12] = 0xFF;
        using var read = RequestReader.ReadEvent(body, Samples.Limits);
        Assert.Equal("is not valid UTF-8", Assert.Contains("$", read.Errors!.Messages));
    }

    [Fact]
    public void Event_DeepNesting_IsRefused()
    {
        using var read = RequestReader.ReadEvent(Samples.Utf8(new string('[', 100_000)), Samples.Limits);
        Assert.False(read.IsValid);
    }

    [Fact]
    public void Orders_OneWrongAmongMany_NamesItsPathAndStoresNothing()
    {
        var orders = Enumerable.Range(0, 20).Select(_ => Samples.Order).ToArray();
        orders[17] = Samples.Order.Replace(
            "[{\"ProductId\"", "[{\"ProductId\":\"a\",\"ItemCount\":1,\"ItemPrice\":1,\"ItemDiscount\":0},{\"ProductId\":\"b\",\"ItemCount\":1,\"ItemPrice\":1,\"ItemDiscount\":0},{\"ProductId\"",
            StringComparison.Ordinal).Replace("\"ItemCount\":2", "\"ItemCount\":-2", StringComparison.Ordinal);
        using var read = RequestReader.ReadOrders(Samples.Utf8($"[{string.Join(',', orders)}]"), Samples.Limits, 10_000);
        Assert.False(read.IsValid);
        Assert.Equal("must be a whole number from 1 to 1000000", Assert.Contains("[17].Products[2].ItemCount", read.Errors!.Messages));
        Assert.Single(read.Errors.Messages);
    }

    [Theory]
    [InlineData("[]", "$", "must hold at least one order")]
    [InlineData("{}", "$", "must be an array of orders")]
    [InlineData("[1]", "[0]", "must be an object")]
    [InlineData("[{}]", "[0].OrderId", "is required")]
    public void Orders_Wrong_NamesTheField(string body, string field, string message)
    {
        using var read = RequestReader.ReadOrders(Samples.Utf8(body), Samples.Limits, 10_000);
        Assert.Equal(message, Assert.Contains(field, read.Errors!.Messages));
    }

    [Theory]
    [InlineData("\"ItemCount\":2", "\"ItemCount\":2.0", "[0].Products[0].ItemCount")]
    [InlineData("\"ItemCount\":2", "\"ItemCount\":0", "[0].Products[0].ItemCount")]
    [InlineData("\"ItemCount\":2,", "", "[0].Products[0].ItemCount")]
    [InlineData("{\"ProductId\":\"p-5\",\"ItemCount\":2,\"ItemPrice\":19.99,\"ItemDiscount\":2.5}", "", "[0].Products")]
    [InlineData("\"CreditCard\"", "true", "[0].PaymentType")]
    [InlineData("34.98", "34.98.1", "[0].TotalPrice")]
    public void Orders_WrongField_IsNamed(string from, string to, string field)
    {
        using var read = RequestReader.ReadOrders(Samples.Utf8($"[{Samples.Order.Replace(from, to, StringComparison.Ordinal)}]"), Samples.Limits, 10_000);
        Assert.Equal(field, Assert.Single(read.Errors!.Messages).Key);
    }

    [Fact]
    public void Orders_MoreThanAllowed_AreTooMany()
    {
        using var read = RequestReader.ReadOrders(Samples.Utf8($"[{Samples.Order},{Samples.Order},{Samples.Order}]"), Samples.Limits, 2);
        Assert.False(read.IsValid);
        Assert.Null(read.Errors);
    }

    [Theory]
    [InlineData("Gross", 34.98, 39.98)]
    [InlineData("Gross", 39.985, null)]
    [InlineData("Net", 34.98, null)]
    [InlineData("Net", 39.98, 34.98)]
    [InlineData("Off", 1, null)]
    public void Orders_TotalPriceRule_MarksAMismatch(string rule, double total, double? expected)
    {
        var limits = Samples.Limits with { TotalPrice = Enum.Parse<TotalPriceRule>(rule) };
        var order = Samples.Order.Replace("34.98", total.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal);
        foreach (var body in new[] { $"[{order}]", $"[\n{order}]" })
        {
            using var read = RequestReader.ReadOrders(Samples.Utf8(body), limits, 10);
            Assert.True(read.IsValid);
            Assert.Equal((decimal?)expected, read[0].ExpectedTotal);
        }
    }

    [Fact]
    public void Orders_HostileBody_ErrorsAreBounded()
    {
        using var read = RequestReader.ReadOrders(Samples.Utf8("[" + string.Join(',', Enumerable.Repeat("{}", 5_000)) + "]"), Samples.Limits, 10_000);
        Assert.Equal(FieldErrors.Limit, read.Errors!.Messages.Count);
        Assert.True(read.Errors.Truncated);
    }

    private static string Text(ReadOnlyMemory<byte> bytes) => Encoding.UTF8.GetString(bytes.Span);
}
