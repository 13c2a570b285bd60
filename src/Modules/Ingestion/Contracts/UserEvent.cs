namespace Pipeline.Ingestion.Contracts;

/// <summary>What a user did in a shop session: the body of <c>PUT /SendEvent</c> and the payload of topic <see cref="Topics.UserEvents"/>.</summary>
/// <param name="UserId">Who; 1 to 128 characters.</param>
/// <param name="SessionId">The shop session; 1 to 128 characters.</param>
/// <param name="EventName">One of <see cref="EventNames.All"/>.</param>
/// <param name="TimeStamp">When it happened; ISO 8601 with a zone.</param>
/// <param name="Attributes">The product it is about.</param>
public sealed record UserEvent(string UserId, string SessionId, string EventName, DateTimeOffset TimeStamp, EventAttributes Attributes);

/// <summary>The product that an event is about.</summary>
/// <param name="ProductId">1 to 128 characters.</param>
/// <param name="Price">Unit price, not negative.</param>
/// <param name="Discount">Discount on the unit price, not negative.</param>
public sealed record EventAttributes(string ProductId, decimal Price, decimal Discount);

/// <summary>The names that a user event can have.</summary>
public static class EventNames
{
    /// <summary>A product page was opened.</summary>
    public const string PageVisited = "PageVisited";

    /// <summary>A product was put into the basket.</summary>
    public const string AddedBasket = "AddedBasket";

    /// <summary>The reviews of a product were read.</summary>
    public const string CheckedProductReviews = "CheckedProductReviews";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [PageVisited, AddedBasket, CheckedProductReviews];
}
