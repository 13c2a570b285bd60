using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Pipeline.Workflows.Application;
using Pipeline.Workflows.Infrastructure.Kinds.Operation;

namespace Pipeline.Workflows.Infrastructure.CardData;

/// <summary>The operation <c>generate-card-data</c>: <c>with: { associates, transactions, seed }</c>.</summary>
internal static class CardDataOperation
{
    private const int MostAssociates = 10_000_000;
    private const int MostTransactions = 100_000;

    public static IServiceCollection AddCardData(this IServiceCollection services)
    {
        services.TryAddSingleton<CardDataWriter>();
        return services.AddOperation("generate-card-data", RunAsync);
    }

    private static async Task<TaskResult> RunAsync(OperationRequest operation, CancellationToken cancellationToken)
    {
        var volume = new CardVolume(
            operation.With.Number("associates", 1, MostAssociates) ?? 100, operation.With.Number("transactions", 0, MostTransactions) ?? 20, operation.With.Number("seed", 0, int.MaxValue) ?? 1);
        var rows = await operation.Services.GetRequiredService<CardDataWriter>().FillAsync(volume, cancellationToken);
        foreach (var (table, count) in rows)
            operation.Context.Log.Info($"{table}: {count} rows.");
        return new TaskResult { RowsWritten = rows.Values.Sum() };
    }
}
