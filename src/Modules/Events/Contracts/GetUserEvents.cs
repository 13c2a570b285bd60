using System.Text.Json.Serialization;
using MediatR;

namespace Pipeline.Events.Contracts;

/// <summary>Asks for the newest events by their own timestamps.</summary>
/// <param name="UserId">Only of this user.</param>
/// <param name="From">Only at or after this time.</param>
/// <param name="To">Only before this time.</param>
/// <param name="Limit">The most events, 1 to 10,000.</param>
public sealed record GetUserEvents(string? UserId = null, DateTimeOffset? From = null, DateTimeOffset? To = null, int Limit = 100)
    : IRequest<IReadOnlyList<StoredUserEvent>>;

/// <summary>An event as it is stored.</summary>
/// <param name="UserId">Who.</param>
/// <param name="SessionId">The shop session.</param>
/// <param name="EventName">What the user did.</param>
/// <param name="TimeStamp">When, to the microsecond, in UTC.</param>
/// <param name="Attributes">The attributes as UTF-8 JSON, an object; the order of its members is the store's.</param>
public sealed record StoredUserEvent(
    [property: JsonPropertyName("UserId")] string UserId,
    [property: JsonPropertyName("SessionId")] string SessionId,
    [property: JsonPropertyName("EventName")] string EventName,
    [property: JsonPropertyName("TimeStamp")] DateTimeOffset TimeStamp,
    [property: JsonPropertyName("Attributes"), JsonConverter(typeof(RawJsonConverter))] ReadOnlyMemory<byte> Attributes);
