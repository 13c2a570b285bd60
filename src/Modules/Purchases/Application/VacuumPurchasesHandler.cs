using MediatR;
using Pipeline.Purchases.Contracts;

namespace Pipeline.Purchases.Application;

/// <inheritdoc cref="VacuumPurchases"/>
internal sealed class VacuumPurchasesHandler(IPurchaseTable table) : IRequestHandler<VacuumPurchases, PurchasesVacuumed>
{
    public async Task<PurchasesVacuumed> Handle(VacuumPurchases request, CancellationToken cancellationToken)
    {
        using var activity = PurchasesTelemetry.Source.StartActivity("purchases vacuum");
        return await table.VacuumAsync(request.DryRun, cancellationToken);
    }
}
