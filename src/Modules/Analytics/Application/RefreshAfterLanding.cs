using MediatR;
using Pipeline.Purchases.Contracts;

namespace Pipeline.Analytics.Application;

/// <summary>Orders landed, so a refresh is due; the refresh loop does it as soon as its shortest interval allows.</summary>
internal sealed class RefreshAfterLanding(RefreshSignal signal) : INotificationHandler<PurchasesLanded>
{
    public Task Handle(PurchasesLanded notification, CancellationToken cancellationToken)
    {
        if (notification.Rows > 0)
            signal.Set();
        return Task.CompletedTask;
    }
}
