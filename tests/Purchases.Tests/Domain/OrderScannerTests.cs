using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Pipeline.Purchases.Domain;
using Pipeline.Purchases.Tests.Support;

namespace Pipeline.Purchases.Tests.Domain;

public sealed class OrderScannerTests
{
    private const string Products = """[{"ProductId":"p","ItemCount":1,"ItemPrice":1.5,"ItemDiscount":0}]""";
    private const string Good =
        $$"""{"SessionId":"s","TimeStamp":"2026-03-01T12:00:00Z","UserId":"u","TotalPrice":1.5,"OrderId":"o","Products":{{Products}},"PaymentType":"PayPal"}""";

    [Fact]
    public void TryAppend_PlainOrder_IsOneLineOfShortNames()
    {
        var (line, timestamp, _) = Scan(Good);
        Assert.Equal($",\"s\":\"s\",\"t\":1772366400000000,\"u\":\"u\",\"a\":1.5,\"d\":\"o\",\"l\":{Products},\"y\":\"PayPal\"", line);
        Assert.Equal(1_772_366_400_000_000, timestamp);
    }

    [Theory]
    [InlineData("\"u\"", "5", "UserId must be a string, not a number")]
    [InlineData("\"u\"", "null", "UserId must be a string, not null")]
    [InlineData("\"u\"", "{}", "UserId must be a string, not an object")]
    [InlineData("\"u\"", "\"\\ud800\"", "UserId holds half of a surrogate pair")]
    [InlineData("\"UserId\"", "\"userId\"", "UserId is missing")]
    [InlineData("\"UserId\"", "\"OrderId\"", "OrderId is there twice")]
    [InlineData("1.5,\"OrderId\"", "\"1.5\",\"OrderId\"", "TotalPrice must be a number, not a string")]
    [InlineData("1.5,\"OrderId\"", "true,\"OrderId\"", "TotalPrice must be a number, not a boolean")]
    [InlineData("1.5,\"OrderId\"", "1e14,\"OrderId\"", "TotalPrice has more than 14 digits before the point")]
    [InlineData("2026-03-01T12:00:00Z", "2026-03-01T12:00:00", "TimeStamp is not a moment with a zone, such as 2026-03-01T12:00:00.000Z")]
    [InlineData("2026-03-01T12:00:00Z", "2026-02-29T12:00:00Z", "TimeStamp is not a moment with a zone, such as 2026-03-01T12:00:00.000Z")]
    [InlineData("\"ItemCount\":1", "\"ItemCount\":2.7", "Products[0].ItemCount is not an integer of 32 bits")]
    [InlineData("\"ItemCount\":1", "\"ItemCount\":2147483648", "Products[0].ItemCount is not an integer of 32 bits")]
    [InlineData("\"ItemCount\":1", "\"ItemCount\":\"1\"", "Products[0].ItemCount must be an integer, not a string")]
    [InlineData("\"ItemCount\":1,", "", "Products[0].ItemCount is missing")]
    [InlineData("\"ItemCount\":1", "\"ItemCount\":1,\"ItemCount\":1", "Products[0].ItemCount is there twice")]
    [InlineData("\"ProductId\":\"p\"", "\"ProductId\":7", "Products[0].ProductId must be a string, not a number")]
    [InlineData("\"ItemDiscount\":0}", "\"ItemDiscount\":0},{\"ItemPrice\":[]}", "Products[1].ItemPrice must be a number, not an array")]
    [InlineData("\"ItemDiscount\":0}", "\"ItemDiscount\":0},5", "Products[1] must be an object, not a number")]
    public void TryAppend_WrongMember_IsNamed(string find, string replace, string reason) =>
        Assert.Equal(reason, Scan(Good.Replace(find, replace, StringComparison.Ordinal)).Reason);

    [Theory]
    [InlineData("", "The payload is empty")]
    [InlineData("[]", "An order is an object, not an array")]
    [InlineData("null", "An order is an object, not null")]
    [InlineData("{}", "SessionId is missing")]
    [InlineData("{\"Products\":[]}", "Products is empty")]
    [InlineData("{\"Products\":{}}", "Products must be an array, not an object")]
    public void TryAppend_WrongPayload_IsExplained(string payload, string reason) => Assert.Equal(reason, Scan(payload).Reason);

    [Theory]
    [InlineData("x")]
    [InlineData("{")]
    [InlineData("{\"UserId\":\"u\",}")]
    [InlineData("{\"UserId\":\"a\nb\"}")]
    public void TryAppend_BrokenJson_IsExplained(string payload) =>
        Assert.StartsWith("The payload is not JSON", Scan(payload).Reason, StringComparison.Ordinal);

    [Fact]
    public void TryAppend_SomethingAfterTheObject_IsNotJson() =>
        Assert.StartsWith("The payload is not JSON", Scan(Good + Good).Reason, StringComparison.Ordinal);

    [Fact]
    public void TryAppend_NotUtf8_IsExplained()
    {
        var payload = Encoding.UTF8.GetBytes(Good);
        payload[Array.IndexOf(payload, (byte)'s', 14)] = 0xFF;
        Assert.Equal("The payload is not UTF-8", Scan(payload).Reason);
    }

    [Fact]
    public void TryAppend_BadRecord_LeavesTheBufferAsItWas()
    {
        using var line = new LineBuffer(16);
        line.Append("before"u8);
        Assert.False(OrderScanner.TryAppend(Encoding.UTF8.GetBytes(Good.Replace("PayPal\"", "PayPal\",", StringComparison.Ordinal)), line, out _, out _));
        Assert.Equal("before", Encoding.UTF8.GetString(line.Written));
    }

    [Fact]
    public void TryAppend_GoodOrders_AreTakenWithTheValuesThatADocumentHas() => Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
        AssertSame(Encoding.UTF8.GetBytes(new RandomOrders(seed).Good()), mustBeGood: true)).Check(Config.QuickThrowOnFailure.WithMaxTest(2_000));

    [Fact]
    public void TryAppend_AnyBytes_AreJudgedAsADocumentWould() => Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
        AssertSame(new RandomOrders(seed).Bad(), mustBeGood: false)).Check(Config.QuickThrowOnFailure.WithMaxTest(4_000));

    [Fact]
    public void TryAppend_NearlyPlainOrders_AreJudgedAsADocumentWould() => Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
        AssertSame(new RandomOrders(seed).NearlyPlain(), mustBeGood: false)).Check(Config.QuickThrowOnFailure.WithMaxTest(8_000));

    [Fact]
    public void TryAppend_PlainOrder_TakesTheShortCutToTheSameLine()
    {
        using var plain = new LineBuffer(16);
        using var any = new LineBuffer(16);
        Assert.True(PlainOrderScanner.TryAppend(Encoding.UTF8.GetBytes(Good), plain, out var timestamp));
        Assert.True(OrderScanner.TryAppendAny(Encoding.UTF8.GetBytes(Good), any, out var expected, out _));
        Assert.Equal(Encoding.UTF8.GetString(any.Written), Encoding.UTF8.GetString(plain.Written));
        Assert.Equal(expected, timestamp);
    }

    private static void AssertSame(byte[] payload, bool mustBeGood)
    {
        var expected = ReferenceOrder.Read(payload);
        Assert.True(expected is not null || !mustBeGood, Encoding.UTF8.GetString(payload));
        var (line, _, reason) = Scan(payload);
        Assert.Equal(expected is null, reason.Length > 0);
        if (expected is null)
            return;
        Assert.DoesNotContain('\n', line);
        using var document = JsonDocument.Parse($"{{{line[1..]}}}");
        var root = document.RootElement;
        Assert.Equal(expected.SessionId, root.GetProperty("s").GetString());
        Assert.Equal(expected.TimeStamp, root.GetProperty("t").GetInt64());
        Assert.Equal(expected.UserId, root.GetProperty("u").GetString());
        Assert.Equal(expected.TotalPrice, Amount(root.GetProperty("a")));
        Assert.Equal(expected.OrderId, root.GetProperty("d").GetString());
        Assert.Equal(expected.PaymentType, root.GetProperty("y").GetString());
        Assert.Equal(expected.Products, JsonSerializer.Serialize(root.GetProperty("l").EnumerateArray().Select(p => new[]
        {
            p.GetProperty("ProductId").GetString(),
            p.GetProperty("ItemCount").GetInt32().ToString(System.Globalization.CultureInfo.InvariantCulture),
            Amount(p.GetProperty("ItemPrice")), Amount(p.GetProperty("ItemDiscount")),
        })));
    }

    private static string Amount(JsonElement element) =>
        ReferenceOrder.Round(element.ValueKind == JsonValueKind.String ? element.GetString()! : element.GetRawText());

    private static (string Line, long Timestamp, string Reason) Scan(string payload) => Scan(Encoding.UTF8.GetBytes(payload));

    private static (string Line, long Timestamp, string Reason) Scan(byte[] payload)
    {
        using var line = new LineBuffer(64);
        var good = OrderScanner.TryAppend(payload, line, out var timestamp, out var reason);
        Assert.Equal(good, reason.Length == 0);
        return (Encoding.UTF8.GetString(line.Written), timestamp, reason);
    }
}
