using MediatR;
using Pipeline.Purchases.Contracts;

namespace Pipeline.Purchases.Application;

/// <inheritdoc cref="CompactPurchases"/>
internal sealed class CompactPurchasesHandler(IPurchaseTable table) : IRequestHandler<CompactPurchases, PurchasesCompacted>
{
    public async Task<PurchasesCompacted> Handle(CompactPurchases request, CancellationToken cancellationToken)
    {
        using var activity = PurchasesTelemetry.Source.StartActivity("purchases compact");
        return await table.CompactAsync(request.All, cancellationToken);
    }
}
