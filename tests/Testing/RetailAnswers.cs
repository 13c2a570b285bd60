namespace Pipeline.Testing;

/// <summary>A row of <see cref="RetailReference.TopProducts"/>.</summary>
public sealed record RetailProduct(string ProductId, long Units, long Orders, decimal Revenue);

/// <summary>A row of <see cref="RetailReference.PaymentTypes"/>.</summary>
public sealed record RetailPayment(string PaymentType, long Orders, double Share);

/// <summary>A row of <see cref="RetailReference.TopCustomers"/>.</summary>
public sealed record RetailCustomer(string UserId, decimal HighestOrder, string OrderId, long Orders, decimal Spent);

/// <summary>A row of <see cref="RetailReference.RepeatPurchases"/>.</summary>
public sealed record RetailRepeat(string UserId, string ProductId, long Orders, long Units);

/// <summary>A row of <see cref="RetailReference.MostRepurchased"/>.</summary>
public sealed record RetailRepurchase(string ProductId, long Customers, long RepeatOrders);
