using Pipeline.Analytics.Contracts;
using Pipeline.Testing;

namespace Pipeline.Analytics.Tests;

public sealed class RetailDatasetTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [SkippableFact]
    public async Task Answers_OverTheRealFile_EqualThoseOfPlainCode()
    {
        var path = RetailReference.FindFile();
        Skip.If(path is null, RetailReference.Missing);
        var reference = RetailReference.Read(path);
        using var lake = new OrderLake();
        await using var host = await AnalyticsHost.CreateAsync(lake.Catalog, await postgres.CreateDataSourceAsync());
        foreach (var orders in reference.Orders.Chunk(100))
            await lake.LandAsync(orders);

        // A shop's client that was not answered sends its orders again.
        await lake.LandAsync(reference.Orders.Take(50));
        await host.RefreshAsync();

        Assert.Equal(reference.TopProducts(1000), (await host.Mediator.Send(new GetTopProducts(1000))).Rows.Select(p => new RetailProduct(p.ProductId, p.Units, p.Orders, p.Revenue)));
        Assert.Equal(reference.PaymentTypes(), (await host.Mediator.Send(new GetPaymentTypes())).Rows.Select(p => new RetailPayment(p.PaymentType, p.Orders, p.Share)));
        Assert.Equal(
            reference.RepeatPurchases(), (await host.Mediator.Send(new GetRepeatPurchases(10_000))).Rows.Select(r => new RetailRepeat(r.UserId, r.ProductId, r.Orders, r.Units)));
        Assert.Equal(
            reference.MostRepurchased(10), (await host.Mediator.Send(new GetMostRepurchased(10))).Rows.Select(p => new RetailRepurchase(p.ProductId, p.Customers, p.RepeatOrders)));
        foreach (var hours in new[] { 1, 24, 878400 })
        {
            var until = new DateTimeOffset(2010, 12, 1, 17, 0, 0, TimeSpan.Zero).AddHours(hours / 24 * 12);
            var expected = reference.TopCustomers(until, hours, 10);
            Assert.NotEmpty(expected);
            Assert.Equal(
                expected,
                (await host.Mediator.Send(new GetTopCustomers(hours, 10, until))).Rows.Select(c => new RetailCustomer(c.UserId, c.HighestOrder, c.OrderId, c.Orders, c.Spent)));
        }
    }

    [SkippableFact]
    public void Reference_OverTheRealFile_FindsWhatItsReadmeTells()
    {
        var path = RetailReference.FindFile();
        Skip.If(path is null, RetailReference.Missing);
        var reference = RetailReference.Read(path);

        Assert.Equal(401, reference.Orders.Count);
        Assert.Equal(7_608, reference.Orders.Sum(o => o.Lines.Count));
        Assert.Equal("536365", reference.Orders[0].OrderId);
        Assert.Equal(139.12m, reference.Orders[0].TotalPrice);
        Assert.NotEmpty(reference.MostRepurchased());
    }
}
