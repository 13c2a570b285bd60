using Pipeline.EventLog;
using Pipeline.Lake;
using Pipeline.Purchases.Contracts;

namespace Pipeline.Purchases.Application;

/// <summary>The table of orders and, in the same commits, the positions up to which it holds the topic.</summary>
internal interface IPurchaseTable
{
    /// <summary>The last offset landed of each partition that has one. Creates the table where there is none.</summary>
    ValueTask<IReadOnlyDictionary<int, long>> GetLandedAsync(CancellationToken cancellationToken);

    /// <summary>Writes the orders of a landing as files that are not part of the table yet.</summary>
    ValueTask<WrittenOrders> WriteAsync(Landing landing, CancellationToken cancellationToken);

    /// <summary>Adds the files and moves the landing's positions, in one commit, if all positions are as the landing expects.</summary>
    /// <returns>The table's version that holds the landing; null where a position was not as expected: the files are deleted then.</returns>
    ValueTask<long?> CommitAsync(Landing landing, WrittenOrders orders, CancellationToken cancellationToken);

    /// <summary>Merges small files; all that there are, or those of which enough have come together.</summary>
    ValueTask<PurchasesCompacted> CompactAsync(bool all, CancellationToken cancellationToken);

    /// <summary>Deletes files that no version within the table's retention needs.</summary>
    ValueTask<PurchasesVacuumed> VacuumAsync(bool dryRun, CancellationToken cancellationToken);
}

/// <summary>The orders of a landing, written but not committed.</summary>
/// <param name="Files">The files; none where there are no orders.</param>
/// <param name="Rows">How many orders.</param>
/// <param name="Earliest">The smallest TimeStamp; null where there are no orders.</param>
/// <param name="Latest">The largest TimeStamp; null where there are no orders.</param>
/// <param name="DeadLetters">The records that are not orders.</param>
internal sealed record WrittenOrders(
    IReadOnlyList<DeltaFile> Files, long Rows, DateTimeOffset? Earliest, DateTimeOffset? Latest, IReadOnlyList<NewRecord> DeadLetters);
