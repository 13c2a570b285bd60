using System.Text.Json.Serialization;
using MediatR;

namespace Pipeline.Events.Contracts;

/// <summary>Asks for counts per user and event name, ordered by the UTF-8 bytes of both, a page at a time.</summary>
/// <param name="UserId">Only of this user.</param>
/// <param name="EventName">Only of this event name.</param>
/// <param name="Limit">The most counts of a page, 1 to 10,000.</param>
/// <param name="After">Only what comes after this pair.</param>
public sealed record GetEventCounts(string? UserId = null, string? EventName = null, int Limit = 100, EventPair? After = null) : IRequest<EventCountsPage>;

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
