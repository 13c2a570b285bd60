using System.Diagnostics.CodeAnalysis;

namespace Pipeline.Events.Contracts;

/// <summary>A user and an event name: the key of a count. As text: both percent-encoded, with a slash between them, as in <c>user-17/PageVisited</c>.</summary>
/// <param name="UserId">The user.</param>
/// <param name="EventName">The event name.</param>
public sealed record EventPair(string UserId, string EventName)
{
    /// <summary>Parses what <see cref="ToString"/> wrote.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out EventPair? pair)
    {
        ArgumentNullException.ThrowIfNull(text);
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        pair = slash > 0 && slash < text.Length - 1 && text.IndexOf('/', slash + 1) < 0
            ? new EventPair(Uri.UnescapeDataString(text[..slash]), Uri.UnescapeDataString(text[(slash + 1)..]))
            : null;
        return pair is not null;
    }

    /// <inheritdoc />
    public override string ToString() => $"{Uri.EscapeDataString(UserId)}/{Uri.EscapeDataString(EventName)}";
}
