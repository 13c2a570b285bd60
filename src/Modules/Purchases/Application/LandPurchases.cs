using System.Diagnostics;
using MediatR;
using Microsoft.Extensions.Logging;
using Pipeline.EventLog;
using Pipeline.Ingestion.Contracts;
using Pipeline.Purchases.Contracts;

namespace Pipeline.Purchases.Application;

/// <summary>Brings what was consumed into the table: dead letters first, then rows and positions in one commit, then the news of it.</summary>
/// <param name="Landing">What was consumed; complete.</param>
internal sealed record LandPurchases(Landing Landing) : IRequest<LandingResult>;

/// <summary>What became of a landing.</summary>
/// <param name="Version">The table's version that holds it; null where another writer moved a position and nothing was committed.</param>
internal readonly record struct LandingResult(long? Version);

/// <inheritdoc cref="LandPurchases"/>
internal sealed class LandPurchasesHandler(
    IPurchaseTable table, IEventLog log, DeadLetterWriter deadLetters, IMediator mediator, TimeProvider time, ILogger<LandPurchasesHandler> logger)
    : IRequestHandler<LandPurchases, LandingResult>
{
    public async Task<LandingResult> Handle(LandPurchases request, CancellationToken cancellationToken)
    {
        var landing = request.Landing;
        var started = time.GetTimestamp();
        var outcome = await AppendAsync(landing, cancellationToken);
        if (outcome.Refused.Count > 0)
        {
            await BuryAsync(landing, outcome.Refused, cancellationToken);
            outcome = await AppendAsync(landing, cancellationToken);
            if (outcome.Refused.Count > 0)
                throw new TerminalException($"Landing purchases: the engine refuses {outcome.Refused.Count} rows beyond those that it refused at first.");
        }

        if (outcome.Version is not { } version)
        {
            PurchasesTelemetry.Fenced.Add(1);
            Log.Fenced(logger, landing.Rows);
            return new LandingResult(null);
        }

        var elapsed = time.GetElapsedTime(started);
        PurchasesTelemetry.Landed(landing.Rows, landing.File.Length, elapsed);
        Log.Landed(logger, landing.Rows, version, elapsed.TotalMilliseconds);
        await PublishAsync(new PurchasesLanded(version, landing.Rows, landing.NextOffsets(), landing.Earliest, landing.Latest), cancellationToken);
        return new LandingResult(version);
    }

    private async ValueTask<AppendOutcome> AppendAsync(Landing landing, CancellationToken cancellationToken)
    {
        if (landing.DeadLetters.Count > 0)
        {
            await deadLetters.WriteAsync(landing.DeadLetters, cancellationToken);
            landing.ForgetDeadLetters();
        }

        return await table.AppendAsync(landing, cancellationToken);
    }

    /// <summary>The scan took records that the engine does not: they are read again, as dead letters hold them whole.</summary>
    private async ValueTask BuryAsync(Landing landing, IReadOnlyList<RecordPosition> refused, CancellationToken cancellationToken)
    {
        foreach (var position in refused)
        {
            using var batch = await log.ReadAsync(Topics.PurchasedItem, position.Partition, position.Offset, maxBytes: 1, cancellationToken);
            landing.AddDeadLetter(LetterOf(batch, position));
        }

        landing.Refuse(refused);
    }

    private static NewRecord LetterOf(RecordBatch batch, RecordPosition position)
    {
        foreach (var record in batch)
        {
            if (record.Offset == position.Offset)
                return DeadLetters.Create(batch.Topic, batch.Partition, record, "The engine could not turn the order into a row");
        }

        throw new TransientException($"Reading {Topics.PurchasedItem}/{position.Partition}/{position.Offset} again as a dead letter: the log did not give it.");
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
