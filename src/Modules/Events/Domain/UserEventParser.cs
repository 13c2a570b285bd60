using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Unicode;

namespace Pipeline.Events.Domain;

/// <summary>
/// Reads payloads of topic UserEvents straight from their bytes into an <see cref="EventBatch"/>: no object per event. Not thread-safe; reuse it, it keeps
/// its buffers.
/// </summary>
/// <remarks>
/// Takes what <c>JsonSerializer</c> would read as a <c>UserEvent</c> with all members present and not null, and refuses what a store cannot keep: texts
/// that are empty,
/// longer than the contract says, hold U+0000 or half a surrogate pair; timestamps without a zone. Of members that the contract does not have, those of
/// <c>Attributes</c> are kept and others ignored.
/// </remarks>
internal sealed class UserEventParser
{
    /// <summary>Where the date of a timestamp ends and the time with its zone begins.</summary>
    private const int TimeAt = 10;

    private const Members All = Members.UserId | Members.SessionId | Members.EventName | Members.TimeStamp | Members.Attributes;

    private readonly ArrayBufferWriter<byte> _unescaped = new(256);
    private readonly AttributesReader _attributes = new();

    /// <summary>Adds the event of a record to the batch; or says why there is none, for a person.</summary>
    public bool TryParse(ReadOnlySpan<byte> payload, int partition, long offset, EventBatch batch, [NotNullWhen(false)] out string? reason)
    {
        // The JSON reader looks at the bytes of a text only when a string is made of it.
        if (!Utf8.IsValid(payload))
        {
            reason = "The payload is not UTF-8.";
            return false;
        }

        try
        {
            reason = Parse(payload, partition, offset, batch);
        }
        catch (JsonException e)
        {
            reason = $"The payload is not JSON: {e.Message}";
        }

        return reason is null;
    }

    private string? Parse(ReadOnlySpan<byte> payload, int partition, long offset, EventBatch batch)
    {
        ReadOnlySpan<byte> userId = default, sessionId = default, eventName = default, attributes = default;
        long microseconds = 0;
        var found = Members.None;
        string? reason = null;
        _unescaped.ResetWrittenCount();

        var reader = new Utf8JsonReader(payload);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
            return "The payload is not a JSON object.";
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var member = Name(ref reader);
            found |= member;
            switch (member)
            {
                case Members.UserId:
                    userId = ReadText(ref reader, member, ref reason);
                    break;
                case Members.SessionId:
                    sessionId = ReadText(ref reader, member, ref reason);
                    break;
                case Members.EventName:
                    eventName = ReadText(ref reader, member, ref reason);
                    break;
                case Members.TimeStamp:
                    microseconds = ReadTimeStamp(ref reader, ref reason);
                    break;
                case Members.Attributes:
                    attributes = _attributes.Read(ref reader, payload, ref reason);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        // What follows the object is an error that the reader finds only when asked to go on.
        reader.Read();
        if (found != All)
            reason ??= $"Missing: {All & ~found}.";

        // Of a member that is there twice the last one counts, so the texts are looked at only now.
        reason ??= TextRules.Check(userId, nameof(Members.UserId))
            ?? TextRules.Check(sessionId, nameof(Members.SessionId))
            ?? TextRules.Check(eventName, nameof(Members.EventName));
        if (reason is null)
            batch.Add(partition, offset, microseconds, userId, eventName, sessionId, attributes);
        return reason;
    }

    private static Members Name(scoped ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("UserId"u8) ? Members.UserId
        : reader.ValueTextEquals("SessionId"u8) ? Members.SessionId
        : reader.ValueTextEquals("EventName"u8) ? Members.EventName
        : reader.ValueTextEquals("TimeStamp"u8) ? Members.TimeStamp
        : reader.ValueTextEquals("Attributes"u8) ? Members.Attributes
        : Members.None;

    private ReadOnlySpan<byte> ReadText(scoped ref Utf8JsonReader reader, Members member, scoped ref string? reason)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.String)
        {
            reader.Skip();
            reason ??= $"{member} is not a string.";
            return default;
        }

        if (!JsonText.TryRead(ref reader, _unescaped, out var text))
            reason ??= $"{member} holds half a surrogate pair.";
        return text;
    }

    private static long ReadTimeStamp(scoped ref Utf8JsonReader reader, scoped ref string? reason)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.String)
        {
            reader.Skip();
            reason ??= "TimeStamp is not a string.";
            return 0;
        }

        if (!reader.TryGetDateTimeOffset(out var value) || !HasZone(ref reader))
        {
            reason ??= "TimeStamp is not an ISO 8601 date and time with a zone.";
            return 0;
        }

        // Floored: a timestamp before 1970 loses its 100 ns downwards as well.
        return (value.UtcTicks / TimeSpan.TicksPerMicrosecond) - (DateTime.UnixEpoch.Ticks / TimeSpan.TicksPerMicrosecond);
    }

    private static bool HasZone(scoped ref Utf8JsonReader reader)
    {
        // An escaped timestamp is rare; only then is a string made.
        if (reader.ValueIsEscaped)
            return reader.GetString()!.AsSpan(TimeAt).IndexOfAny('Z', '+', '-') >= 0;
        return reader.ValueSpan[TimeAt..].IndexOfAny((byte)'Z', (byte)'+', (byte)'-') >= 0;
    }

    [Flags]
    private enum Members
    {
        None = 0,
        UserId = 1,
        SessionId = 2,
        EventName = 4,
        TimeStamp = 8,
        Attributes = 16,
    }
}
