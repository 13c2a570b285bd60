using MediatR;

namespace Pipeline.Purchases.Contracts;

/// <summary>
/// Deletes files of <see cref="PurchasedItemsTable"/> that no version needs which is younger than the table keeps deleted files
/// (<c>delta.deletedFileRetentionDuration</c>, seven days unless the table says otherwise), and what crashed writers left.
/// </summary>
/// <remarks>Fails with <see cref="TransientException"/> where the lake is away. May be repeated.</remarks>
/// <param name="DryRun">True deletes nothing and tells what it would.</param>
public sealed record VacuumPurchases(bool DryRun = false) : IRequest<PurchasesVacuumed>;

/// <summary>What a vacuum deleted, or would.</summary>
/// <param name="Files">How many files.</param>
/// <param name="Bytes">Their size.</param>
public sealed record PurchasesVacuumed(int Files, long Bytes);
