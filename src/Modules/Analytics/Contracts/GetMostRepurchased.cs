using MediatR;

namespace Pipeline.Analytics.Contracts;

/// <summary>Asks for the products that are bought again most often, from the table <c>repeat_purchases</c> in the warehouse as it was refreshed last.</summary>
/// <param name="Limit">The most products, 1 to 1,000.</param>
public sealed record GetMostRepurchased(int Limit = 10) : IRequest<Answer<RepurchasedProduct>>;

/// <summary>How often a product is bought again.</summary>
/// <param name="ProductId">The product.</param>
/// <param name="Customers">Customers who bought it in more than one order.</param>
/// <param name="RepeatOrders">Their orders of it after each one's first.</param>
public sealed record RepurchasedProduct(string ProductId, long Customers, long RepeatOrders);
