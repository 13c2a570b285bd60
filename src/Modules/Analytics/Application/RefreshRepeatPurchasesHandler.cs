using System.Diagnostics;
using MediatR;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Analytics.Contracts;
using Pipeline.Analytics.Domain;

namespace Pipeline.Analytics.Application;

/// <summary>
/// Does <see cref="RefreshRepeatPurchases"/>. The version is looked at after the right to refresh was taken, so the table never goes back to an older one.
/// </summary>
internal sealed class RefreshRepeatPurchasesHandler(
    ILakeQuestions lake, IRepeatPurchasesTable table, RefreshSignal signal, IOptions<AnalyticsOptions> options, TimeProvider time,
    ILogger<RefreshRepeatPurchasesHandler> logger)
    : IRequestHandler<RefreshRepeatPurchases, RefreshResult>
{
    public async Task<RefreshResult> Handle(RefreshRepeatPurchases request, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(options.Value.RefreshTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            return await RefreshAsync(request.Wait, either.Token);
        }
        catch (OperationCanceledException e) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new TransientException($"The refresh of repeat_purchases took longer than {options.Value.RefreshTimeout}.", e);
        }
    }

    private async Task<RefreshResult> RefreshAsync(bool wait, CancellationToken cancellationToken)
    {
        await using var refresh = await table.TryBeginRefreshAsync(wait, cancellationToken);
        if (refresh is null)
            return new RefreshResult(RefreshOutcome.Busy, null, null, 0);

        // Landings that are told of by now are in the version that is looked at next.
        var causes = signal.GetCauses();
        using var activity = AnalyticsMetrics.Source.StartActivity("refresh repeat_purchases", ActivityKind.Internal, default(ActivityContext), links: causes);
        try
        {
            var result = await RefreshAsync(refresh, cancellationToken);
            activity?.SetTag("outcome", result.Outcome.ToString()).SetTag("lake.version", result.LakeVersion).SetTag("rows", result.Rows);
            signal.Forget(causes);
            return result;
        }
        catch (Exception e)
        {
            activity?.SetStatus(ActivityStatusCode.Error, e.Message);
            throw;
        }
    }

    private async Task<RefreshResult> RefreshAsync(IRepeatPurchasesRefresh refresh, CancellationToken cancellationToken)
    {
        if (refresh.Current is { } current && current.Position == await lake.GetPositionAsync(cancellationToken))
            return Result(RefreshOutcome.Unchanged, current);

        var started = time.GetTimestamp();
        await using var rows = await lake.OpenRepeatPurchasesAsync(cancellationToken);
        var state = await refresh.ReplaceAsync(rows, time.GetUtcNow(), cancellationToken);
        var elapsed = time.GetElapsedTime(started);
        AnalyticsMetrics.Refreshed(state, elapsed);
        Log.Refreshed(logger, state.Rows, state.Position.Version, (long)elapsed.TotalMilliseconds);
        return Result(RefreshOutcome.Refreshed, state);
    }

    private static RefreshResult Result(RefreshOutcome outcome, RefreshState state) => new(outcome, state.Position.Known, state.RefreshedAt, state.Rows);
}
