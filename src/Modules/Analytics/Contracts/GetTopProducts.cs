using MediatR;

namespace Pipeline.Analytics.Contracts;

/// <summary>Asks for the products by pieces sold.</summary>
/// <param name="Limit">The most products, 1 to 1,000.</param>
public sealed record GetTopProducts(int Limit = 10) : IRequest<Answer<TopProduct>>;

/// <summary>How a product sells.</summary>
/// <param name="ProductId">The product.</param>
/// <param name="Units">Pieces sold.</param>
/// <param name="Orders">Orders that hold it.</param>
/// <param name="Revenue">The sum of (price - discount) × pieces.</param>
public sealed record TopProduct(string ProductId, long Units, long Orders, decimal Revenue);
