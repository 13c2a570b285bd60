using System.Buffers;
using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Pipeline.Ingestion.Contracts;
using Pipeline.Workers.Generator;

namespace Pipeline.Workers.Tests;

public sealed class TrafficJsonTests
{
    private static readonly DateTimeOffset _time = new DateTimeOffset(2026, 3, 1, 14, 30, 5, TimeSpan.FromHours(2)).AddTicks(1_234_560);

    [Fact]
    public void Write_Event_IsCanonical()
    {
        var userEvent = new UserEvent("user-000001", "session-a-1", "PageVisited", _time, new EventAttributes("product-00001", 2.50m, 0m));
        var output = new ArrayBufferWriter<byte>();
        TrafficJson.Write(output, userEvent);
        Assert.Equal(
            """{"UserId":"user-000001","SessionId":"session-a-1","EventName":"PageVisited","TimeStamp":"2026-03-01T12:30:05.123456Z","Attributes":{"ProductId":"product-00001","Price":2.50,"Discount":0}}""",
            Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Fact]
    public void Write_Orders_IsCanonical()
    {
        var order = new PurchasedOrder("s", _time, "u", 9.99m, "o", [new("p", 3, 3.33m, 0m), new("é\"", 1, 1m, 0.05m)], "PayPal");
        var output = new ArrayBufferWriter<byte>();
        TrafficJson.Write(output, [order, order]);
        const string One =
            """{"SessionId":"s","TimeStamp":"2026-03-01T12:30:05.123456Z","UserId":"u","TotalPrice":9.99,"OrderId":"o","Products":[{"ProductId":"p","ItemCount":3,"ItemPrice":3.33,"ItemDiscount":0},{"ProductId":"é\"","ItemCount":1,"ItemPrice":1,"ItemDiscount":0.05}],"PaymentType":"PayPal"}""";
        Assert.Equal($"[{One},{One}]", Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Fact]
    public void Write_AnyOrder_ReadsBackTheSame()
    {
        var text = ArbMap.Default.GeneratorFor<NonNull<string>>().Select(s => new string([.. s.Get.Where(c => !char.IsSurrogate(c))]));
        var money = Gen.Choose(0, 10_000_000).Select(cents => cents / 100m);
        var lines =
            from id in text
            from count in Gen.Choose(1, 1000)
            from price in money
            from discount in money
            select new PurchasedProduct(id, count, price, discount);
        var orders =
            from session in text
            from user in text
            from order in text
            from payment in text
            from total in money
            from ticks in Gen.Choose(0, int.MaxValue)
            from products in lines.ListOf()
            select new PurchasedOrder(session, _time.AddTicks(ticks * 12_345L), user, total, order, [.. products], payment);
        Prop.ForAll(orders.ToArbitrary(), order =>
        {
            var output = new ArrayBufferWriter<byte>();
            TrafficJson.Write(output, order);
            var read = JsonSerializer.Deserialize<PurchasedOrder>(output.WrittenSpan)!;
            return read.Products.SequenceEqual(order.Products) && read with { Products = order.Products } == order;
        }).QuickCheckThrowOnFailure();
    }
}
