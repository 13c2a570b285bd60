using Pipeline.Analytics.Contracts;
using Pipeline.Lake;
using Pipeline.Testing;

namespace Pipeline.Analytics.Tests;

public sealed class OrderIndexTests : IDisposable
{
    private readonly OrderLake _lake = new();

    public void Dispose() => _lake.Dispose();

    [Fact]
    public async Task Index_ARowThatTheLogTookFirstLandsLater_ReplacesTheOther()
    {
        await using var host = AnalyticsHost.Create(_lake.Catalog);
        var second = Landed("1", "PayPal", partition: 0, offset: 7, ingested: 20);
        var first = Landed("1", "CreditCard", partition: 1, offset: 3, ingested: 10);

        await _lake.LandAsync([second]);
        var before = await PaymentTypesAsync(host);
        await _lake.LandAsync([first]);
        var after = await PaymentTypesAsync(host);

        Assert.Equal(["PayPal"], before);
        Assert.Equal(["CreditCard"], after);
    }

    [Fact]
    public async Task Index_ARepeatOnAnotherDay_IsFound()
    {
        await using var host = AnalyticsHost.Create(_lake.Catalog);
        var first = Landed("1", "PayPal", 0, 0, 0);
        await _lake.LandAsync([first]);
        await PaymentTypesAsync(host);
        var other = first.Order with { PaymentType = "CreditCard", TimeStamp = first.Order.TimeStamp.AddDays(400) };
        await _lake.LandAsync([first with { Order = other, Offset = 1 }]);

        Assert.Equal(["PayPal"], await PaymentTypesAsync(host));
    }

    [Fact]
    public async Task Index_RowsWereDeletedOrAddedByOthers_IsBuiltAnew()
    {
        await using var host = AnalyticsHost.Create(_lake.Catalog);
        await _lake.LandAsync([Landed("1", "PayPal", 0, 10, 10), Landed("1", "CreditCard", 0, 11, 11), Landed("2", "Giro", 0, 12, 12)]);
        Assert.Equal(["Giro", "PayPal"], await PaymentTypesAsync(host));

        await _lake.RewriteAsync("SELECT * FROM before WHERE _offset > 10");
        Assert.Equal(["CreditCard", "Giro"], await PaymentTypesAsync(host));

        // Below the watermark: it did not land in the order of offsets.
        await _lake.LandAsync([Landed("2", "Early", 0, 1, 1)]);
        Assert.Equal(["CreditCard", "Early"], await PaymentTypesAsync(host));
    }

    [Fact]
    public async Task Index_AfterCompaction_StaysAndGoesOn()
    {
        await using var host = AnalyticsHost.Create(_lake.Catalog);
        for (var i = 0; i < 4; i++)
            await _lake.LandAsync([Landed($"{i % 3}", i == 3 ? "Repeat" : "PayPal", 0, i, i)]);
        Assert.Equal(["PayPal"], await PaymentTypesAsync(host));
        await _lake.Table.CompactAsync(new DeltaCompaction());
        Assert.Equal(["PayPal"], await PaymentTypesAsync(host));
        await _lake.LandAsync([Landed("1", "Repeat", 0, 4, 4), Landed("5", "Giro", 0, 5, 5)]);
        await _lake.Table.CompactAsync(new DeltaCompaction());

        Assert.Equal(["Giro", "PayPal"], await PaymentTypesAsync(host));
    }

    [Fact]
    public async Task Index_ManyAskAtOnceWhileOrdersLand_AllAnswersAreOfAVersion()
    {
        await using var host = AnalyticsHost.Create(_lake.Catalog, options: new AnalyticsOptions { MaxConcurrentQueries = 4, CachedRows = 0 });
        var first = await _lake.LandAsync([Landed("0", "PayPal", 0, 0, 0), Landed("0", "PayPal", 0, 1, 1)]);
        var landing = Task.Run(async () =>
        {
            for (var i = 1; i <= 20; i++)
                await _lake.LandAsync([Landed($"{i}", "PayPal", 0, 2 * i, 2 * i), Landed($"{i}", "PayPal", 0, (2 * i) + 1, (2 * i) + 1)]);
        });
        var asking = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            do
            {
                var answer = await host.Lake.AskAsync(new(Application.Questions.PaymentTypes), row => row.Integer(1), default);
                Assert.Equal(answer.LakeVersion - first + 1, answer.Rows[0]);
            }
            while (!landing.IsCompleted);
        }));

        await Task.WhenAll([landing, .. asking]);
    }

    private static LandedOrder Landed(string id, string payment, int partition, long offset, int ingested) => new(
        new RetailOrder(id, "u", "s", DateTimeOffset.UnixEpoch, payment, 1m, [new RetailLine("p", 1, 1m, 0m)]),
        partition, offset, DateTimeOffset.UnixEpoch.AddSeconds(ingested));

    private static async Task<IEnumerable<string>> PaymentTypesAsync(AnalyticsHost host) =>
        (await host.Mediator.Send(new GetPaymentTypes())).Rows.Select(r => r.PaymentType).Order(StringComparer.Ordinal).ToList();
}
