using MediatR;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Analytics.Contracts;
using Pipeline.Events.Contracts;
using Pipeline.Purchases.Contracts;
using Pipeline.Workflows.Application;

namespace Pipeline.Workflows.Infrastructure.Kinds.Operation;

/// <summary>What an operation is asked for.</summary>
/// <param name="Services">The services of the task, of one scope.</param>
/// <param name="With">What it takes.</param>
/// <param name="Context">The task.</param>
internal sealed record OperationRequest(IServiceProvider Services, KindSettings With, TaskContext Context)
{
    /// <summary>Sends a request to the module that handles it.</summary>
    public Task<T> SendAsync<T>(IRequest<T> request, CancellationToken cancellationToken) =>
        Services.GetRequiredService<IMediator>().Send(request, cancellationToken);
}

/// <summary>Something that a module can do, under a name for workflows.</summary>
/// <param name="Name">The name.</param>
/// <param name="RunAsync">Does it. May be called again after a try that died at any line.</param>
internal sealed record NamedOperation(string Name, Func<OperationRequest, CancellationToken, Task<TaskResult>> RunAsync);

/// <summary>The operations, a line each.</summary>
internal static class Operations
{
    public static IServiceCollection AddOperations(this IServiceCollection services) => services
        .AddOperation("drain-user-events", async (o, ct) => Rows((await o.SendAsync(new DrainUserEvents(), ct)).Events))
        .AddOperation("aggregate-user-events", async (o, ct) => Rows((await o.SendAsync(new AggregateUserEvents(), ct)).Events))
        .AddOperation("refresh-analytics", async (o, ct) => Rows((await o.SendAsync(new RefreshRepeatPurchases(), ct)).Rows))
        .AddOperation("compact-purchases", async (o, ct) => Compacted(await o.SendAsync(new CompactPurchases(o.With.Flag("all") ?? false), ct), o))
        .AddOperation("vacuum-purchases", async (o, ct) => Vacuumed(await o.SendAsync(new VacuumPurchases(o.With.Flag("dry_run") ?? false), ct), o));

    /// <summary>Adds one.</summary>
    public static IServiceCollection AddOperation(
        this IServiceCollection services, string name, Func<OperationRequest, CancellationToken, Task<TaskResult>> run) =>
        services.AddSingleton(new NamedOperation(name, run));

    private static TaskResult Rows(long rows) => new() { RowsRead = rows, RowsWritten = rows };

    private static TaskResult Compacted(PurchasesCompacted result, OperationRequest operation)
    {
        operation.Context.Log.Info($"{result.FilesRemoved} files became {result.FilesAdded}.");
        return new TaskResult { BytesWritten = result.BytesAdded };
    }

    private static TaskResult Vacuumed(PurchasesVacuumed result, OperationRequest operation)
    {
        operation.Context.Log.Info($"{result.Files} files of {result.Bytes} bytes are deleted, or would be.");
        return new TaskResult();
    }
}
