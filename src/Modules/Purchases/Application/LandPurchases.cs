using System.Diagnostics;
using MediatR;
using Microsoft.Extensions.Logging;
using Pipeline.Purchases.Contracts;

namespace Pipeline.Purchases.Application;

/// <summary>Brings what was consumed into the table: dead letters first, then rows and positions in one commit, then the news of it.</summary>
/// <param name="Landing">What was consumed.</param>
internal sealed record LandPurchases(Landing Landing) : IRequest<LandingResult>;

/// <summary>What became of a landing.</summary>
/// <param name="Version">The table's version that holds it; null where another writer moved a position and nothing was committed.</param>
/// <param name="Rows">How many orders were landed.</param>
internal readonly record struct LandingResult(long? Version, long Rows);

/// <inheritdoc cref="LandPurchases"/>
internal sealed class LandPurchasesHandler(
    IPurchaseTable table, DeadLetterWriter deadLetters, IMediator mediator, TimeProvider time, ILogger<LandPurchasesHandler> logger)
    : IRequestHandler<LandPurchases, LandingResult>
{
    public async Task<LandingResult> Handle(LandPurchases request, CancellationToken cancellationToken)
    {
        var landing = request.Landing;
        var started = time.GetTimestamp();
        var orders = await table.WriteAsync(landing, cancellationToken);
        if (orders.DeadLetters.Count > 0)
            await deadLetters.WriteAsync(orders.DeadLetters, cancellationToken);
        if (await table.CommitAsync(landing, orders, cancellationToken) is not { } version)
        {
            PurchasesTelemetry.Fenced.Add(1);
            Log.Fenced(logger, landing.Records);
            return new LandingResult(null, 0);
        }

        var elapsed = time.GetElapsedTime(started);
        PurchasesTelemetry.Landed(orders.Rows, landing.Bytes, elapsed);
        Log.Landed(logger, orders.Rows, version, elapsed.TotalMilliseconds);
        await PublishAsync(new PurchasesLanded(version, orders.Rows, landing.NextOffsets(), orders.Earliest, orders.Latest), cancellationToken);
        return new LandingResult(version, orders.Rows);
    }

    // The commit stands whatever the listeners do, and a landing must not be repeated for their sake.
    private async ValueTask PublishAsync(PurchasesLanded landed, CancellationToken cancellationToken)
    {
        try
        {
            await mediator.Publish(landed, cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            Activity.Current?.AddException(e);
            Log.ListenerFailed(logger, e, landed.Version);
        }
    }
}
