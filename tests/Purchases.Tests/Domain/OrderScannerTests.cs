using System.Globalization;
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
    public void TryScan_PlainOrder_FindsItsFields()
    {
        var order = new ScannedOrder();
        var payload = Encoding.UTF8.GetBytes(Good);
        Assert.True(OrderScanner.TryScan(payload, order, out _));
        Assert.Equal(1_772_366_400_000_000, order.TimeStamp);
        Assert.Equal(15_000, order.TotalPrice);
        Assert.Equal("PayPal", Encoding.UTF8.GetString(order.PaymentType.Raw(payload)));
        Assert.Equal(1, order.Products[0].ItemCount);
        Assert.Equal(15_000, order.Products[0].ItemPrice);
    }

    [Fact]
    public void TryScan_OrderAfterALongerOne_HasOnlyItsOwnProducts()
    {
        var order = new ScannedOrder();
        var product = Products[1..^1];
        var many = Good.Replace(Products, $"[{string.Join(',', Enumerable.Repeat(product, 100))}]", StringComparison.Ordinal);
        Assert.True(OrderScanner.TryScan(Encoding.UTF8.GetBytes(many), order, out _));
        Assert.Equal(100, order.ProductCount);
        Assert.True(OrderScanner.TryScan(Encoding.UTF8.GetBytes(Good), order, out _));
        Assert.Equal(1, order.ProductCount);
        Assert.True(OrderScanner.TryScan(Encoding.UTF8.GetBytes(Good.Replace("\"u\"", "\"\\u0075\"", StringComparison.Ordinal)), order, out _));
        Assert.Equal(1, order.ProductCount);
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
    public void TryScan_WrongMember_IsNamed(string find, string replace, string reason) =>
        Assert.Equal(reason, Reason(Good.Replace(find, replace, StringComparison.Ordinal)));

    [Theory]
    [InlineData("", "The payload is empty")]
    [InlineData("[]", "An order is an object, not an array")]
    [InlineData("null", "An order is an object, not null")]
    [InlineData("{}", "SessionId is missing")]
    [InlineData("{\"Products\":[]}", "Products is empty")]
    [InlineData("{\"Products\":{}}", "Products must be an array, not an object")]
    public void TryScan_WrongPayload_IsExplained(string payload, string reason) => Assert.Equal(reason, Reason(payload));

    [Theory]
    [InlineData("x")]
    [InlineData("{")]
    [InlineData("{\"UserId\":\"u\",}")]
    [InlineData("{\"UserId\":\"a\nb\"}")]
    public void TryScan_BrokenJson_IsExplained(string payload) =>
        Assert.StartsWith("The payload is not JSON", Reason(payload), StringComparison.Ordinal);

    [Fact]
    public void TryScan_SomethingAfterTheObject_IsNotJson() =>
        Assert.StartsWith("The payload is not JSON", Reason(Good + Good), StringComparison.Ordinal);

    [Fact]
    public void TryScan_NotUtf8_IsExplained()
    {
        var payload = Encoding.UTF8.GetBytes(Good);
        payload[Array.IndexOf(payload, (byte)'s', 14)] = 0xFF;
        Assert.Equal("The payload is not UTF-8", Reason(payload));
    }

    [Fact]
    public void TryScan_GoodOrders_AreTakenWithTheValuesThatADocumentHas() => Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
        AssertSame(Encoding.UTF8.GetBytes(new RandomOrders(seed).Good()), mustBeGood: true)).Check(Config.QuickThrowOnFailure.WithMaxTest(2_000));

    [Fact]
    public void TryScan_AnyBytes_AreJudgedAsADocumentWould() => Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
        AssertSame(new RandomOrders(seed).Bad(), mustBeGood: false)).Check(Config.QuickThrowOnFailure.WithMaxTest(4_000));

    [Fact]
    public void TryScan_NearlyPlainOrders_AreJudgedAsADocumentWould() => Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
        AssertSame(new RandomOrders(seed).NearlyPlain(), mustBeGood: false)).Check(Config.QuickThrowOnFailure.WithMaxTest(8_000));

    [Theory]
    [InlineData("0", 0)]
    [InlineData("-0", 0)]
    [InlineData("-1.5", -15_000)]
    [InlineData("99999999999.9999", 999_999_999_999_999)]
    [InlineData("0.0001", 1)]
    [InlineData("12.05", 120_500)]
    public void TryScan_PlainOrder_TakesTheShortCutToTheSameFields(string price, long scaled)
    {
        var payload = Encoding.UTF8.GetBytes(Good.Replace("\"TotalPrice\":1.5", $"\"TotalPrice\":{price}", StringComparison.Ordinal));
        ScannedOrder plain = new(), any = new();
        Assert.True(PlainOrderScanner.TryScan(payload, plain));
        Assert.True(OrderScanner.TryScanAny(payload, any, out _));
        Assert.Equal(scaled, plain.TotalPrice);
        Assert.Equal(Texts(payload, any), Texts(payload, plain));
    }

    private static void AssertSame(byte[] payload, bool mustBeGood)
    {
        var expected = ReferenceOrder.Read(payload);
        Assert.True(expected is not null || !mustBeGood, Encoding.UTF8.GetString(payload));
        var order = new ScannedOrder();
        Assert.Equal(expected is not null, OrderScanner.TryScan(payload, order, out var reason));
        Assert.Equal(expected is null, reason.Length > 0);
        if (expected is null)
            return;
        Assert.Equal(
            [
                expected.SessionId, expected.TimeStamp.ToString(CultureInfo.InvariantCulture), expected.UserId, expected.TotalPrice, expected.OrderId,
                expected.PaymentType, expected.Products,
            ],
            Texts(payload, order));
    }

    private static string[] Texts(byte[] payload, ScannedOrder order) =>
    [
        Text(payload, order.SessionId), order.TimeStamp.ToString(CultureInfo.InvariantCulture), Text(payload, order.UserId),
        ReferenceOrder.Text(order.TotalPrice), Text(payload, order.OrderId), Text(payload, order.PaymentType),
        JsonSerializer.Serialize(order.Products.ToArray().Select(p => new[]
        {
            Text(payload, p.ProductId), p.ItemCount.ToString(CultureInfo.InvariantCulture), ReferenceOrder.Text(p.ItemPrice), ReferenceOrder.Text(p.ItemDiscount),
        })),
    ];

    private static string Text(byte[] payload, TextRange text)
    {
        if (!text.IsEscaped)
            return Encoding.UTF8.GetString(text.Raw(payload));
        var target = new byte[text.Length];
        return Encoding.UTF8.GetString(target, 0, text.Unescape(payload, target));
    }

    private static string Reason(string payload) => Reason(Encoding.UTF8.GetBytes(payload));

    private static string Reason(byte[] payload)
    {
        Assert.False(OrderScanner.TryScan(payload, new ScannedOrder(), out var reason));
        return reason;
    }
}
