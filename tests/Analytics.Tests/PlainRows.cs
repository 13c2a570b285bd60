using MediatR;
using Pipeline.Analytics.Contracts;
using Pipeline.Testing;

namespace Pipeline.Analytics.Tests;

/// <summary>Asks the questions and gives the rows as <see cref="RetailReference"/> has them.</summary>
internal static class PlainRows
{
    public static async Task<IEnumerable<RetailProduct>> TopProductsAsync(this IMediator mediator) =>
        (await mediator.Send(new GetTopProducts(1000))).Rows.Select(p => new RetailProduct(p.ProductId, p.Units, p.Orders, p.Revenue));

    public static async Task<IEnumerable<RetailPayment>> PaymentTypesAsync(this IMediator mediator) =>
        (await mediator.Send(new GetPaymentTypes())).Rows.Select(p => new RetailPayment(p.PaymentType, p.Orders, p.Share));

    public static async Task<IEnumerable<RetailCustomer>> TopCustomersAsync(this IMediator mediator, DateTimeOffset until, int hours, int limit) =>
        (await mediator.Send(new GetTopCustomers(hours, limit, until))).Rows
            .Select(c => new RetailCustomer(c.UserId, c.HighestOrder, c.OrderId, c.Orders, c.Spent));

    public static async Task<IEnumerable<RetailRepeat>> RepeatPurchasesAsync(this IMediator mediator) =>
        (await mediator.Send(new GetRepeatPurchases(10_000))).Rows.Select(Plain);

    public static async Task<IEnumerable<RetailRepurchase>> MostRepurchasedAsync(this IMediator mediator, int limit) =>
        (await mediator.Send(new GetMostRepurchased(limit))).Rows.Select(p => new RetailRepurchase(p.ProductId, p.Customers, p.RepeatOrders));

    public static RetailRepeat Plain(this RepeatPurchase r) => new(r.UserId, r.ProductId, r.Orders, r.Units);
}
