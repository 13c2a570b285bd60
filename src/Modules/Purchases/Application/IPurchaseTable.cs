using Pipeline.EventLog;
using Pipeline.Purchases.Contracts;

namespace Pipeline.Purchases.Application;

/// <summary>The table of orders and, in the same commits, the positions up to which it holds the topic.</summary>
internal interface IPurchaseTable
{
    /// <summary>The last offset landed of each partition that has one. Creates the table where there is none.</summary>
    ValueTask<IReadOnlyDictionary<int, long>> GetLandedAsync(CancellationToken cancellationToken);

    /// <summary>Adds the rows of a landing and moves its positions, in one commit, if all positions are as the landing expects.</summary>
    ValueTask<AppendOutcome> AppendAsync(Landing landing, CancellationToken cancellationToken);

    /// <summary>Merges small files; all that there are, or those of which enough have come together.</summary>
    ValueTask<PurchasesCompacted> CompactAsync(bool all, CancellationToken cancellationToken);

    /// <summary>Deletes files that no version within the table's retention needs.</summary>
    ValueTask<PurchasesVacuumed> VacuumAsync(bool dryRun, CancellationToken cancellationToken);
}

/// <summary>What became of an append.</summary>
/// <param name="Version">The table's version that holds the landing; null where nothing was committed.</param>
/// <param name="Refused">Where nothing was committed: the lines that the engine cannot take. Where this is empty too, a position was not as expected.</param>
internal sealed record AppendOutcome(long? Version, IReadOnlyList<RecordPosition> Refused)
{
    /// <summary>Another writer moved a position.</summary>
    public static AppendOutcome Fenced { get; } = new(null, []);

    /// <summary>Committed.</summary>
    public static AppendOutcome At(long version) => new(version, []);
}
