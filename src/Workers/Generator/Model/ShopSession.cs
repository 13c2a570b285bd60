using Pipeline.Ingestion.Contracts;

namespace Pipeline.Workers.Generator;

/// <summary>A visit of one user: the product being looked at, what comes next, and the basket.</summary>
internal sealed class ShopSession(int user, string sessionId)
{
    public int User { get; } = user;

    public string SessionId { get; } = sessionId;

    /// <summary>The event that the session emits next.</summary>
    public string NextEvent { get; set; } = EventNames.PageVisited;

    public int Product { get; set; }

    public decimal Discount { get; set; }

    /// <summary>Products looked at so far, in order.</summary>
    public List<int> Viewed { get; } = [];

    public List<BasketLine> Basket { get; } = [];

    /// <summary>When the last event happened; an order of this session is not older.</summary>
    public DateTimeOffset LastEvent { get; set; }

    public void AddToBasket(int product, int count, decimal price, decimal discount)
    {
        var line = Basket.FindIndex(l => l.Product == product && l.Discount == discount);
        if (line < 0)
            Basket.Add(new BasketLine(product, count, price, discount));
        else
            Basket[line] = Basket[line] with { Count = Basket[line].Count + count };
    }
}

/// <summary>Pieces of one product in a basket.</summary>
internal readonly record struct BasketLine(int Product, int Count, decimal Price, decimal Discount);
