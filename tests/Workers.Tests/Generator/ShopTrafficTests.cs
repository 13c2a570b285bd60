using FsCheck;
using FsCheck.Fluent;
using Pipeline.Ingestion.Contracts;
using Pipeline.Workers.Generator;

namespace Pipeline.Workers.Tests;

public sealed class ShopTrafficTests
{
    private static readonly string[] _funnel = [EventNames.PageVisited, EventNames.CheckedProductReviews, EventNames.AddedBasket];
    private static readonly string[] _paymentTypes = ["CreditCard", "DebitCard", "PayPal", "BankTransfer", "CashOnDelivery"];

    [Fact]
    public void Next_SameSeedAndClock_GivesSameTraffic()
    {
        Assert.Equal(Json(Run(7, 20, 100, 8)), Json(Run(7, 20, 100, 8)));
        Assert.NotEqual(Json(Run(7, 20, 100, 8)), Json(Run(8, 20, 100, 8)));
    }

    [Fact]
    public void RunId_SameSeedAtAnotherTimeOrOtherSeed_Differs()
    {
        var clock = new ManualTimeProvider();
        var first = new ShopTraffic(new ShopTrafficOptions { Seed = 1 }, clock).RunId;
        var sameMoment = new ShopTraffic(new ShopTrafficOptions { Seed = 1 }, clock).RunId;
        var otherSeed = new ShopTraffic(new ShopTrafficOptions { Seed = 2 }, clock).RunId;
        clock.Advance(TimeSpan.FromMilliseconds(1));
        var later = new ShopTraffic(new ShopTrafficOptions { Seed = 1 }, clock).RunId;

        Assert.Equal(first, sameMoment);
        Assert.Equal(3, new[] { first, otherSeed, later }.Distinct().Count());
    }

    [Fact]
    public void Next_AnyShopAndAnyDemand_KeepsTheRules()
    {
        var shops =
            from seed in Gen.Choose(int.MinValue, int.MaxValue)
            from users in Gen.Choose(1, 60)
            from products in Gen.Choose(1, 40)
            from userSkew in Gen.Choose(0, 40)
            from productSkew in Gen.Choose(0, 40)
            from open in Gen.Choose(1, 50)
            select new ShopTrafficOptions
            {
                Seed = seed, Users = users, Products = products, UserSkew = userSkew / 10.0, ProductSkew = productSkew / 10.0, OpenSessions = open,
            };
        var demands = Gen.Zip(Gen.Choose(0, 120), Gen.Choose(0, 30)).Zip(Gen.Choose(0, 2500)).ListOf(12);

        Prop.ForAll(shops.ToArbitrary(), demands.ToArbitrary(), (shop, demand) =>
        {
            var clock = new ManualTimeProvider();
            var traffic = new ShopTraffic(shop, clock);
            var batches = new List<TrafficBatch>();
            var last = clock.GetUtcNow() - TimeSpan.FromSeconds(1);
            foreach (var ((events, orders), milliseconds) in demand)
            {
                clock.Advance(TimeSpan.FromMilliseconds(milliseconds));
                var batch = traffic.Next(events, orders);
                Assert.Equal((events, orders), (batch.Events.Count, batch.Orders.Count));
                foreach (var time in batch.Events.Select(e => e.TimeStamp).Concat(batch.Orders.Select(o => o.TimeStamp)))
                    Assert.InRange(time, last, clock.GetUtcNow());
                Assert.Equal(batch.Events.Select(e => e.TimeStamp).Order(), batch.Events.Select(e => e.TimeStamp));
                Assert.Equal(batch.Orders.Select(o => o.TimeStamp).Order(), batch.Orders.Select(o => o.TimeStamp));
                last = Max(last, clock.GetUtcNow() - TimeSpan.FromSeconds(1));
                batches.Add(batch);
                if (events + orders > 0)
                    last = clock.GetUtcNow();
            }

            CheckRules(shop, [.. batches.SelectMany(b => b.Events)], [.. batches.SelectMany(b => b.Orders)]);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(60));
    }

    [Fact]
    public void Next_DefaultPools_BringsCustomersBackForTheSameProduct()
    {
        var bought = new HashSet<(string, string)>();
        var repeats = 0;
        const int Orders = 5_000;
        foreach (var order in Run(3, Orders / 8, 104, 8).SelectMany(b => b.Orders))
            repeats += order.Products.Select(p => bought.Add((order.UserId, p.ProductId))).ToArray().All(isFirst => isFirst) ? 0 : 1;

        Assert.InRange(repeats, Orders * 0.25, Orders * 0.75);
    }

    [Fact]
    public void Next_DefaultPools_IsSkewed()
    {
        var batches = Run(4, 300, 104, 8);
        var users = Shares(batches.SelectMany(b => b.Events).Select(e => e.UserId));
        var products = Shares(batches.SelectMany(b => b.Orders).SelectMany(o => o.Products).Select(p => p.ProductId));
        var payments = batches.SelectMany(b => b.Orders).GroupBy(o => o.PaymentType).OrderByDescending(g => g.Count()).Select(g => g.Key).ToArray();

        // A tenth of the users makes far more than a tenth of the traffic, and yet not all of it.
        Assert.InRange(users.Take(100).Sum(), 0.25, 0.75);
        Assert.InRange(products.Take(50).Sum(), 0.4, 0.9);
        Assert.Equal(_paymentTypes, payments);
    }

    [Fact]
    public void Next_DemandOfTheFunnel_DropsOffAtEachStageAndOrdersFollowEvents()
    {
        var batches = Run(5, 200, 104, 8);
        var events = batches.SelectMany(b => b.Events).ToArray();
        var stages = _funnel.Select(name => (double)events.Count(e => e.EventName == name)).ToArray();
        Assert.InRange(stages[1] / stages[0], 0.5, 0.7);
        Assert.InRange(stages[2] / stages[1], 0.4, 0.6);

        // After the first seconds, in which no session can have come to its end, orders come from sessions with events.
        var sessions = events.Select(e => e.SessionId).ToHashSet();
        var late = batches.Skip(20).SelectMany(b => b.Orders).ToArray();
        Assert.InRange(late.Count(o => sessions.Contains(o.SessionId)) / (double)late.Length, 0.95, 1.0);
        Assert.InRange(late.Select(o => o.SessionId).Distinct().Count(), late.Length, late.Length);
    }

    [Fact]
    public void Next_ManySessions_Interleave()
    {
        var events = Run(6, 10, 200, 0).SelectMany(b => b.Events).ToArray();
        var switches = events.Zip(events.Skip(1)).Count(p => p.First.SessionId != p.Second.SessionId);
        Assert.InRange(switches, events.Length * 0.9, events.Length);
        Assert.InRange(events.Select(e => e.SessionId).Distinct().Count(), 200, events.Length);
    }

    [Fact]
    public void Prices_OtherSeed_StayTheSame()
    {
        var prices = Run(1, 20, 200, 0).Concat(Run(2, 20, 200, 0)).SelectMany(b => b.Events)
            .GroupBy(e => e.Attributes.ProductId, e => e.Attributes.Price);
        Assert.All(prices, p => Assert.Single(p.Distinct()));
    }

    [Theory]
    [InlineData(0, 1, 0.0, 1)]
    [InlineData(1, 0, 0.0, 1)]
    [InlineData(1, 1, -0.1, 1)]
    [InlineData(1, 1, double.NaN, 1)]
    [InlineData(1, 1, 0.0, 0)]
    public void Create_OptionsOutOfBounds_SaysWhich(int users, int products, double skew, int open)
    {
        var options = new ShopTrafficOptions { Users = users, Products = products, UserSkew = skew, OpenSessions = open };
        Assert.Single(options.Validate());
        Assert.Throws<ArgumentException>(() => new ShopTraffic(options, TimeProvider.System));
    }

    private static void CheckRules(ShopTrafficOptions shop, UserEvent[] events, PurchasedOrder[] orders)
    {
        var prices = new Dictionary<string, decimal>();
        foreach (var e in events)
        {
            InPool(e.UserId, "user-", shop.Users);
            CheckProduct(e.Attributes.ProductId, e.Attributes.Price, e.Attributes.Discount);
        }

        Assert.Equal(orders.Length, orders.Select(o => o.OrderId).Distinct().Count());
        foreach (var order in orders)
        {
            InPool(order.UserId, "user-", shop.Users);
            Assert.Contains(order.PaymentType, _paymentTypes);
            Assert.NotEmpty(order.Products);
            foreach (var product in order.Products)
            {
                CheckProduct(product.ProductId, product.ItemPrice, product.ItemDiscount);
                Assert.InRange(product.ItemCount, 1, 1000);
            }

            Assert.Equal(order.Products.Sum(p => (p.ItemPrice - p.ItemDiscount) * p.ItemCount), order.TotalPrice);
            Assert.Equal(decimal.Round(order.TotalPrice, 2), order.TotalPrice);
        }

        var orderOf = orders.ToDictionary(o => o.SessionId);
        foreach (var session in events.GroupBy(e => e.SessionId))
        {
            Assert.Single(session.Select(e => e.UserId).Distinct());
            var previous = (UserEvent?)null;
            foreach (var e in session)
            {
                // Each event opens the next product or goes one stage on with the product before.
                var stage = Array.IndexOf(_funnel, e.EventName);
                Assert.InRange(stage, 0, 2);
                if (stage > 0)
                {
                    Assert.Equal(_funnel[stage - 1], previous?.EventName);
                    Assert.Equal(e.Attributes, previous?.Attributes);
                }

                previous = e;
            }

            if (!orderOf.TryGetValue(session.Key, out var order))
                continue;
            Assert.Equal(order.UserId, session.First().UserId);
            Assert.True(order.TimeStamp >= session.Last().TimeStamp);
            var added = session.Where(e => e.EventName == EventNames.AddedBasket).Select(e => e.Attributes.ProductId).ToHashSet();
            Assert.Equal(added, order.Products.Select(p => p.ProductId).ToHashSet());
        }

        void CheckProduct(string id, decimal price, decimal discount)
        {
            InPool(id, "product-", shop.Products);
            Assert.True(price > 0 && decimal.Round(price, 2) == price);
            Assert.True(discount >= 0 && discount < price && decimal.Round(discount, 2) == discount);
            Assert.Equal(prices.TryAdd(id, price) ? price : prices[id], price);
        }
    }

    private static void InPool(string id, string prefix, int size)
    {
        Assert.StartsWith(prefix, id, StringComparison.Ordinal);
        Assert.InRange(int.Parse(id[prefix.Length..], System.Globalization.CultureInfo.InvariantCulture), 1, size);
    }

    private static List<TrafficBatch> Run(int seed, int seconds, int events, int orders)
    {
        var clock = new ManualTimeProvider();
        var traffic = new ShopTraffic(new ShopTrafficOptions { Seed = seed }, clock);
        var batches = new List<TrafficBatch>();
        for (var i = 0; i < seconds; i++)
        {
            batches.Add(traffic.Next(events, orders));
            clock.Advance(TimeSpan.FromSeconds(1));
        }

        return batches;
    }

    private static double[] Shares(IEnumerable<string> drawn)
    {
        var counts = drawn.GroupBy(d => d).Select(g => (double)g.Count()).OrderDescending().ToArray();
        return [.. counts.Select(c => c / counts.Sum())];
    }

    private static string Json(IEnumerable<TrafficBatch> batches) => System.Text.Json.JsonSerializer.Serialize(batches);

    private static DateTimeOffset Max(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;
}
