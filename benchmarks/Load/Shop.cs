using System.Globalization;
using System.Text;

namespace Pipeline.Benchmarks.Load;

/// <summary>Bodies for load runs: realistic in size and skew, made before the run.</summary>
internal static class Shop
{
    private static readonly string[] _names = ["PageVisited", "CheckedProductReviews", "AddedBasket"];
    private static readonly string[] _payments = ["CreditCard", "DebitCard", "PayPal", "BankTransfer", "CashOnDelivery"];

    /// <summary>Events of 10,000 users, about 180 bytes each.</summary>
    public static byte[] Event(Random random, DateTimeOffset now) => Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture,
        $$$"""{"UserId":"user-{{{User(random)}}}","SessionId":"session-{{{random.Next(1_000_000)}}}","EventName":"{{{_names[random.Next(3)]}}}","TimeStamp":"{{{now:yyyy-MM-ddTHH:mm:ss.fffZ}}}","Attributes":{"ProductId":"product-{{{random.Next(1_000)}}}","Price":{{{random.Next(100, 99_999) / 100m}}},"Discount":{{{random.Next(0, 100) / 100m}}}}}"""));

    /// <summary>An order of one to four lines, about 400 bytes on average.</summary>
    public static string Order(Random random, DateTimeOffset now, string orderId)
    {
        var products = new StringBuilder();
        var total = 0m;
        for (var i = random.Next(1, 5); i > 0; i--)
        {
            var price = random.Next(100, 99_999) / 100m;
            var count = random.Next(1, 4);
            total += price * count;
            products.Append(CultureInfo.InvariantCulture,
                $$"""{"ProductId":"product-{{random.Next(1_000)}}","ItemCount":{{count}},"ItemPrice":{{price}},"ItemDiscount":0},""");
        }

        products.Length--;
        return string.Create(CultureInfo.InvariantCulture,
            $$"""{"SessionId":"session-{{random.Next(1_000_000)}}","TimeStamp":"{{now:yyyy-MM-ddTHH:mm:ss.fffZ}}","UserId":"user-{{User(random)}}","TotalPrice":{{total}},"OrderId":"{{orderId}}","Products":[{{products}}],"PaymentType":"{{_payments[random.Next(5)]}}"}""");
    }

    /// <summary>A body of that many orders.</summary>
    public static byte[] Orders(Random random, DateTimeOffset now, int count) =>
        Encoding.UTF8.GetBytes("[" + string.Join(',', Enumerable.Range(0, count).Select(_ => Order(random, now, $"order-{random.NextInt64():x}"))) + "]");

    private static int User(Random random) => Math.Min(random.Next(10_000), random.Next(10_000));
}
