namespace Pipeline.Testing;

/// <summary>An order as <see cref="RetailReference"/> computes with it.</summary>
public sealed record RetailOrder(
    string OrderId, string UserId, string SessionId, DateTimeOffset TimeStamp, string PaymentType, decimal TotalPrice, IReadOnlyList<RetailLine> Lines);

/// <summary>A line of an order.</summary>
public sealed record RetailLine(string ProductId, int ItemCount, decimal ItemPrice, decimal ItemDiscount);
