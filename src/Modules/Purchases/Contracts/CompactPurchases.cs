using MediatR;

namespace Pipeline.Purchases.Contracts;

/// <summary>
/// Merges small files of <see cref="PurchasedItemsTable"/>: the rows stay, landing goes on meanwhile. Files are merged in steps of growing size, each
/// when enough of them have
/// come together, so that a row is rewritten a few times at most however old the table grows.
/// </summary>
/// <remarks>Fails with <see cref="TransientException"/> where the lake is away. May be repeated and run at several places at once: one of them wins.</remarks>
/// <param name="All">True merges what is left as well, however few files: for partitions that no longer grow.</param>
public sealed record CompactPurchases(bool All = false) : IRequest<PurchasesCompacted>;

/// <summary>What a compaction did.</summary>
/// <param name="FilesRemoved">Files that were merged; 0 where there was nothing to do.</param>
/// <param name="FilesAdded">Files that hold their rows now.</param>
/// <param name="BytesRemoved">The size of the former.</param>
/// <param name="BytesAdded">The size of the latter.</param>
public sealed record PurchasesCompacted(int FilesRemoved, int FilesAdded, long BytesRemoved, long BytesAdded);
