namespace Pipeline.Ingestion.Contracts;

/// <summary>An order: an element of the body of <c>POST /PurchasedItems</c> and the payload of topic <see cref="Topics.PurchasedItem"/>.</summary>
/// <param name="SessionId">The shop session; 1 to 128 characters.</param>
/// <param name="TimeStamp">When it was placed; ISO 8601 with a zone.</param>
/// <param name="UserId">Who; 1 to 128 characters.</param>
/// <param name="TotalPrice">The order's total as the shop computed it, not negative.</param>
/// <param name="OrderId">The shop's number of the order; 1 to 128 characters.</param>
/// <param name="Products">One line or more.</param>
/// <param name="PaymentType">How it was paid, for example <c>CreditCard</c>; 1 to 64 characters.</param>
public sealed record PurchasedOrder(
    string SessionId,
    DateTimeOffset TimeStamp,
    string UserId,
    decimal TotalPrice,
    string OrderId,
    IReadOnlyList<PurchasedProduct> Products,
    string PaymentType);

/// <summary>A line of an order.</summary>
/// <param name="ProductId">1 to 128 characters.</param>
/// <param name="ItemCount">Pieces, at least 1.</param>
/// <param name="ItemPrice">Price of one piece, not negative.</param>
/// <param name="ItemDiscount">Discount on one piece, not negative.</param>
public sealed record PurchasedProduct(string ProductId, int ItemCount, decimal ItemPrice, decimal ItemDiscount);
