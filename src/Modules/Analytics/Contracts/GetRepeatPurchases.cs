using MediatR;

namespace Pipeline.Analytics.Contracts;

/// <summary>
/// Asks for the customers who bought a product in more than one order, and the product, by orders; a page at a time. All pages are of the version that the
/// first one was answered from, for as long as the lake keeps it.
/// </summary>
/// <param name="Limit">The most rows of a page, 1 to 10,000.</param>
/// <param name="After">Where the page before ended: its <see cref="Answer{T}.Next"/>; null for the first page.</param>
public sealed record GetRepeatPurchases(int Limit = 100, string? After = null) : IRequest<Answer<RepeatPurchase>>;

/// <summary>A customer who bought a product again.</summary>
/// <param name="UserId">The customer.</param>
/// <param name="ProductId">The product.</param>
/// <param name="Orders">The customer's orders that hold it, 2 or more.</param>
/// <param name="Units">Pieces of it in these orders.</param>
public sealed record RepeatPurchase(string UserId, string ProductId, long Orders, long Units);
