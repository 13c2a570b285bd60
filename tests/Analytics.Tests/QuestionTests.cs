using FsCheck;
using FsCheck.Fluent;
using Pipeline.Analytics.Contracts;
using Pipeline.Lake;
using Pipeline.Testing;

namespace Pipeline.Analytics.Tests;

public sealed class QuestionTests
{
    [Fact]
    public void Answers_OverRandomLandings_EqualThoseOfPlainCode() =>
        Prop.ForAll(RandomOrders.Landings.ToArbitrary(), landings =>
        {
            FollowAsync(landings).GetAwaiter().GetResult();
            return true;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(8).WithStartSize(20));

    [Fact]
    public async Task Answers_WithoutATable_AreEmpty()
    {
        using var lake = new OrderLake();
        await using var host = AnalyticsHost.Create(lake.Catalog);

        var products = await host.Mediator.Send(new GetTopProducts());
        Assert.Empty(products.Rows);
        Assert.Null(products.LakeVersion);
        Assert.Empty((await host.Mediator.Send(new GetPaymentTypes())).Rows);
        Assert.Empty((await host.Mediator.Send(new GetTopCustomers())).Rows);
        Assert.Empty((await host.Mediator.Send(new GetRepeatPurchases())).Rows);
    }

    [Fact]
    public async Task RepeatPurchases_TwoPiecesOrTwoLinesInOneOrder_AreNoRepeat()
    {
        using var lake = new OrderLake();
        await using var host = AnalyticsHost.Create(lake.Catalog);
        await lake.LandAsync(Order("1", "u", 0, "tea", "tea", "cup"), Order("2", "u", 0, "cup"));

        var answer = await host.Mediator.Send(new GetRepeatPurchases());

        Assert.Equal([new RepeatPurchase("u", "cup", 2, 2)], answer.Rows);
    }

    [Fact]
    public async Task TopCustomers_OrdersBeforeAfterAndInTheHour_CountsTheHourUntilNow()
    {
        using var lake = new OrderLake();
        var now = new DateTimeOffset(2024, 5, 1, 0, 20, 0, TimeSpan.Zero);
        await using var host = AnalyticsHost.Create(lake.Catalog, time: new StoppedClock(now));
        await lake.LandAsync(
            Order("too old", "a", now.AddHours(-1).ToUnixTimeSeconds(), 900m), Order("day before", "a", now.AddMinutes(-40).ToUnixTimeSeconds(), 10m),
            Order("now", "a", now.ToUnixTimeSeconds(), 20m), Order("future", "a", now.AddSeconds(1).ToUnixTimeSeconds(), 900m),
            Order("tie 2", "b", now.AddMinutes(-1).ToUnixTimeSeconds(), 20m), Order("tie 1", "b", now.ToUnixTimeSeconds(), 20m));

        var answer = await host.Mediator.Send(new GetTopCustomers());

        Assert.Equal([new TopCustomer("a", 20m, "now", 2, 30m), new TopCustomer("b", 20m, "tie 1", 2, 40m)], answer.Rows);
    }

    [Fact]
    public async Task TopProducts_SumsBeyondADecimal_AreAnswered()
    {
        using var lake = new OrderLake();
        await using var host = AnalyticsHost.Create(lake.Catalog);
        var line = new RetailLine("dear", int.MaxValue, 99_999_999_999_999m, 0m);
        await lake.LandAsync(new RetailOrder("1", "u", "s", DateTimeOffset.UnixEpoch, "PayPal", 0m, [.. Enumerable.Repeat(line, 100)]));

        var product = Assert.Single((await host.Mediator.Send(new GetTopProducts())).Rows);

        Assert.Equal(100m * int.MaxValue * 99_999_999_999_999m, product.Revenue);
    }

    [Fact]
    public async Task Answer_OfTheSameVersion_IsComputedOnce()
    {
        using var lake = new OrderLake();
        await using var host = AnalyticsHost.Create(lake.Catalog);
        await lake.LandAsync(Order("1", "u", 0, "tea"));

        var first = await host.Mediator.Send(new GetTopProducts());
        var again = await host.Mediator.Send(new GetTopProducts());
        var other = await host.Mediator.Send(new GetTopProducts(5));
        await lake.LandAsync(Order("2", "u", 0, "tea"));
        var later = await host.Mediator.Send(new GetTopProducts());

        Assert.Same(first, again);
        Assert.NotSame(first, other);
        Assert.Equal((1, 2), (first.Rows[0].Orders, later.Rows[0].Orders));
        Assert.True(later.LakeVersion > first.LakeVersion);
    }

    private static async Task FollowAsync(List<List<LandedOrder>> landings)
    {
        using var lake = new OrderLake();
        await using var host = AnalyticsHost.Create(lake.Catalog);
        var landed = new List<LandedOrder>();
        var pages = new List<(GetRepeatPurchases Next, IReadOnlyList<RetailRepeat> Expected)>();
        foreach (var landing in landings.Where(l => l.Count > 0))
        {
            landed.AddRange(landing);
            await lake.LandAsync(landing);
            var reference = LandedOrder.Reference(landed);
            await CompareAsync(host, reference);
            var first = await host.Mediator.Send(new GetRepeatPurchases(3));
            if (first.Next is not null)
                pages.Add((new GetRepeatPurchases(7, first.Next), reference.RepeatPurchases()));
        }

        if (landed.Count > 0)
            await lake.Table.CompactAsync(new DeltaCompaction());
        await CompareAsync(host, LandedOrder.Reference(landed));

        // Pages go on with the version of the first one, whatever landed meanwhile.
        foreach (var (next, expected) in pages)
            Assert.Equal(expected.Skip(3).Take(7), (await host.Mediator.Send(next)).Rows.Select(PlainRows.Plain));
    }

    private static async Task CompareAsync(AnalyticsHost host, RetailReference reference)
    {
        Assert.Equal(reference.TopProducts(), await host.Mediator.TopProductsAsync());
        Assert.Equal(reference.PaymentTypes(), await host.Mediator.PaymentTypesAsync());
        Assert.Equal(reference.RepeatPurchases(), await host.Mediator.RepeatPurchasesAsync());
        foreach (var hours in new[] { 1, 30 })
        {
            var until = RandomOrders.Start.AddHours(25);
            Assert.Equal(reference.TopCustomers(until, hours, 5), await host.Mediator.TopCustomersAsync(until, hours, 5));
        }
    }

    private static RetailOrder Order(string id, string user, long second, params string[] products) =>
        new(id, user, "s", DateTimeOffset.FromUnixTimeSeconds(second), "PayPal", 1m, [.. products.Select(p => new RetailLine(p, 1, 1m, 0m))]);

    private static RetailOrder Order(string id, string user, long second, decimal total) => Order(id, user, second, "tea") with { TotalPrice = total };

    private sealed class StoppedClock(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
