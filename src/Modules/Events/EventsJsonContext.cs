using System.Text.Json.Serialization;
using Pipeline.Events.Contracts;

namespace Pipeline.Events;

/// <summary>Source-generated JSON of what the module's routes answer.</summary>
[JsonSerializable(typeof(IReadOnlyList<EventCount>))]
[JsonSerializable(typeof(IReadOnlyList<StoredUserEvent>))]
internal sealed partial class EventsJsonContext : JsonSerializerContext;
