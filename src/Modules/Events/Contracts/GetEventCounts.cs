using System.Text.Json.Serialization;
using MediatR;

namespace Pipeline.Events.Contracts;

/// <summary>Asks for counts per user and event name, a page at a time.</summary>
/// <param name="UserId">Only of this user.</param>
/// <param name="EventName">Only of this event name.</param>
/// <param name="Limit">The most counts of a page, 1 to 10,000.</param>
/// <param name="After">Only what comes after this pair. In the order of counts that is the place of its count at the time of asking.</param>
/// <param name="Order">The order.</param>
public sealed record GetEventCounts(
    string? UserId = null, string? EventName = null, int Limit = 100, EventPair? After = null, EventCountOrder Order = EventCountOrder.Name) : IRequest<EventCountsPage>;

/// <summary>Orders of counts.</summary>
public enum EventCountOrder
{
    /// <summary>By the UTF-8 bytes of user and event name.</summary>
    Name,

    /// <summary>The highest first; equal ones by user and event name.</summary>
    Count,
}

/// <summary>A page of counts.</summary>
/// <param name="Counts">The counts.</param>
/// <param name="Next">Where the next page starts after; null where this one is the last.</param>
public sealed record EventCountsPage(IReadOnlyList<EventCount> Counts, EventPair? Next);

/// <summary>How often a user did something.</summary>
/// <param name="UserId">The user.</param>
/// <param name="EventName">What the user did.</param>
/// <param name="Count">How often.</param>
public sealed record EventCount(
    [property: JsonPropertyName("UserId")] string UserId,
    [property: JsonPropertyName("EventName")] string EventName,
    [property: JsonPropertyName("EventCount")] long Count);
