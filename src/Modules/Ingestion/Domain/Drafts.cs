namespace Pipeline.Ingestion.Domain;

/// <summary>A user event as far as it could be read; null is missing or of the wrong type.</summary>
internal sealed class UserEventDraft
{
    public string? UserId { get; set; }

    public string? SessionId { get; set; }

    public string? EventName { get; set; }

    public string? TimeStamp { get; set; }

    public AttributesDraft? Attributes { get; set; }
}

/// <summary>The attributes of a user event as far as they could be read.</summary>
internal sealed class AttributesDraft
{
    public string? ProductId { get; set; }

    public decimal? Price { get; set; }

    public decimal? Discount { get; set; }
}

/// <summary>An order as far as it could be read.</summary>
internal sealed class OrderDraft
{
    public string? SessionId { get; set; }

    public string? TimeStamp { get; set; }

    public string? UserId { get; set; }

    public decimal? TotalPrice { get; set; }

    public string? OrderId { get; set; }

    public List<ProductDraft>? Products { get; set; }

    public string? PaymentType { get; set; }
}

/// <summary>A line of an order as far as it could be read.</summary>
internal sealed class ProductDraft
{
    public string? ProductId { get; set; }

    public int? ItemCount { get; set; }

    public decimal? ItemPrice { get; set; }

    public decimal? ItemDiscount { get; set; }
}
