using FsCheck;
using FsCheck.Fluent;
using Pipeline.Testing;

namespace Pipeline.Analytics.Tests;

/// <summary>
/// Landings of random orders over few days, customers and products, so that ids repeat: the same order sent again, another order under an id that was used,
/// products on several lines. Partitions take records at interleaved times, and land in their own order.
/// </summary>
internal static class RandomOrders
{
    private static readonly string[] _payments = ["CreditCard", "PayPal", "Überweisung", "cash on delivery"];
    private static readonly string[] _ids = ["a", "b", "B", "ä", "zz", "z z", "\ud83d\ude00", "\uffee", "x'; --", "nul\0"];

    public static DateTimeOffset Start { get; } = new(2024, 2, 28, 21, 0, 0, TimeSpan.Zero);

    public static Gen<List<List<LandedOrder>>> Landings =>
        from sizes in Gen.Choose(0, 40).ListOf()
        from orders in Order.ListOf(sizes.Take(5).Sum())
        from partitions in Gen.Choose(0, 3).ListOf(orders.Count)
        from delays in Gen.Choose(0, 5_000).ListOf(orders.Count)
        select Cut([.. Land([.. orders], [.. partitions], [.. delays])], [.. sizes.Take(5)]);

    private static Gen<RetailLine> Line =>
        from product in Gen.Elements(_ids)
        from count in Gen.Choose(1, 5)
        from price in Gen.Choose(0, 99_999)
        from discount in Gen.Choose(0, 100)
        select new RetailLine("p-" + product, count, price / 100m, discount / 10_000m);

    private static Gen<RetailOrder> Order =>
        from id in Gen.Choose(1, 60)
        from user in Gen.Elements(_ids)
        from minute in Gen.Choose(0, 3 * 24 * 60)
        from payment in Gen.Elements(_payments)
        from total in Gen.Choose(0, 20)
        from lines in Line.NonEmptyListOf()
        select new RetailOrder($"o-{id}", "u-" + user, "s", Start.AddMinutes(minute), payment, total * 5.25m, [.. lines.Take(6)]);

    // A partition takes its records in the order of their offsets, at times that never go back; other partitions are ahead or behind.
    private static IEnumerable<LandedOrder> Land(List<RetailOrder> orders, List<int> partitions, List<int> delays)
    {
        var offsets = new long[4];
        var clocks = new long[4];
        for (var i = 0; i < orders.Count; i++)
        {
            var partition = partitions[i];
            clocks[partition] += delays[i] / 2_500;
            yield return new LandedOrder(orders[i], partition, offsets[partition]++, DateTimeOffset.UnixEpoch.AddMilliseconds(clocks[partition]));
        }
    }

    private static List<List<LandedOrder>> Cut(List<LandedOrder> orders, List<int> sizes)
    {
        var landings = new List<List<LandedOrder>>();
        var at = 0;
        foreach (var size in sizes)
        {
            landings.Add(orders.GetRange(at, size));
            at += size;
        }

        return landings;
    }
}
