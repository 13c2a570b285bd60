using MediatR;

namespace Pipeline.Purchases.Contracts;

/// <summary>
/// Orders became visible in <see cref="PurchasedItemsTable"/>. Published after each commit of this process, one at a time, in the order of the
/// versions.
/// </summary>
/// <remarks>
/// The next landing waits for the listeners: long work is not for them. A crash right after a commit swallows its notification, and other processes
/// publish their own: who must not miss one looks at the table's version as well.
/// </remarks>
/// <param name="Version">The table's version that holds them.</param>
/// <param name="Rows">How many orders; 0 where only positions moved, because all records were dead letters.</param>
/// <param name="NextOffsets">The offset after the last one landed, of each partition that moved.</param>
/// <param name="Earliest">The smallest TimeStamp of the orders; null where there are none.</param>
/// <param name="Latest">The largest TimeStamp of the orders; null where there are none.</param>
public sealed record PurchasesLanded(
    long Version, long Rows, IReadOnlyDictionary<int, long> NextOffsets, DateTimeOffset? Earliest, DateTimeOffset? Latest) : INotification;
