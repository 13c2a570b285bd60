using Pipeline.Events.Contracts;
using Pipeline.ServiceDefaults.Http;

namespace Pipeline.Events.Infrastructure.Http;

/// <summary>Reads the place in the counts after which a page begins.</summary>
internal static class EventPairQuery
{
    public static EventPair? Pair(this QueryReader query, string name, string? text)
    {
        if (string.IsNullOrEmpty(text))
            return null;
        if (EventPair.TryParse(text, out var pair))
            return pair;
        query.Fail(name, "must be UserId/EventName, both percent-encoded");
        return null;
    }
}
