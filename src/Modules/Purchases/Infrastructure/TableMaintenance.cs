using MediatR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Purchases.Contracts;

namespace Pipeline.Purchases.Infrastructure;

/// <summary>
/// Merges small files as they come together, and once a day the rest of them; deletes what is no longer needed. One member of the group does it.
/// </summary>
internal sealed class TableMaintenance(
    LandingSink sink, IServiceScopeFactory scopes, IOptions<PurchasesOptions> options, TimeProvider time, ILogger<TableMaintenance> logger) : BackgroundService
{
    private static readonly TimeSpan _firstVacuum = TimeSpan.FromMinutes(10);

    protected override Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var vacuum = options.Value.VacuumInterval;
        return Task.WhenAll(
            RunAsync(options.Value.CompactInterval, options.Value.CompactInterval, new CompactPurchases(), stoppingToken),
            RunAsync(vacuum < _firstVacuum ? vacuum : _firstVacuum, vacuum, new CompactPurchases(All: true), stoppingToken, new VacuumPurchases()));
    }

    private async Task RunAsync<T>(
        TimeSpan first, TimeSpan interval, IRequest<T> request, CancellationToken stoppingToken, IRequest<PurchasesVacuumed>? then = null)
    {
        if (interval == TimeSpan.Zero)
            return;
        try
        {
            for (var wait = first; ; wait = interval)
            {
                await Task.Delay(wait, time, stoppingToken);
                if (!sink.HoldsFirstPartition)
                    continue;
                await SendAsync(request, stoppingToken);
                if (then is not null)
                    await SendAsync(then, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops: nothing is half done, a commit is or is not.
        }
    }

    private async Task SendAsync<T>(IRequest<T> request, CancellationToken cancellationToken)
    {
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            await scope.ServiceProvider.GetRequiredService<IMediator>().Send(request, cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            Log.MaintenanceFailed(logger, e, request.GetType().Name);
        }
    }
}
