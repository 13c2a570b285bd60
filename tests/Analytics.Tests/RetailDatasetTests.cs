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

        Assert.Equal(reference.TopProducts(1000), await host.Mediator.TopProductsAsync());
        Assert.Equal(reference.PaymentTypes(), await host.Mediator.PaymentTypesAsync());
        Assert.Equal(reference.RepeatPurchases(), await host.Mediator.RepeatPurchasesAsync());
        Assert.Equal(reference.MostRepurchased(10), await host.Mediator.MostRepurchasedAsync(10));
        foreach (var (day, hour, hours) in new[] { (1, 17, 1), (2, 12, 24), (5, 17, 8784), (30, 0, 878_400) })
        {
            var until = new DateTimeOffset(2010, 12, day, hour, 0, 0, TimeSpan.Zero);
            var expected = reference.TopCustomers(until, hours, 10);
            Assert.NotEmpty(expected);
            Assert.Equal(expected, await host.Mediator.TopCustomersAsync(until, hours, 10));
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
