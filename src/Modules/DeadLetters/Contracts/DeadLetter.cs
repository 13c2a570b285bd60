using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.DeadLetters.Contracts;

/// <summary>Where a dead letter is: its own topic, partition and offset.</summary>
/// <param name="Topic">The dead-letter topic: <c>UserEvents.dead</c>.</param>
/// <param name="Partition">The partition, from 0.</param>
/// <param name="Offset">The offset, from 0.</param>
[JsonConverter(typeof(DeadLetterIdConverter))]
public readonly record struct DeadLetterId(string Topic, int Partition, long Offset)
{
    /// <summary><c>TOPIC/PARTITION/OFFSET</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Topic}/{Partition}/{Offset}");

    /// <summary>Reads <c>TOPIC/PARTITION/OFFSET</c>; false where it is not of that form.</summary>
    public static bool TryParse(string? text, out DeadLetterId id)
    {
        id = default;
        if (text?.Split('/') is not [{ Length: > 0 } topic, var partition, var offset]
            || !int.TryParse(partition, NumberStyles.None, CultureInfo.InvariantCulture, out var p)
            || !long.TryParse(offset, NumberStyles.None, CultureInfo.InvariantCulture, out var o))
            return false;
        id = new DeadLetterId(topic, p, o);
        return true;
    }
}

/// <summary>Writes ids as texts: <c>"UserEvents.dead/0/17"</c>.</summary>
public sealed class DeadLetterIdConverter : JsonConverter<DeadLetterId>
{
    /// <inheritdoc/>
    public override DeadLetterId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && DeadLetterId.TryParse(reader.GetString(), out var id)
            ? id
            : throw new JsonException("A dead letter's id is a text like UserEvents.dead/0/17.");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, DeadLetterId value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStringValue(value.ToString());
    }
}

/// <summary>A record that a sink could not take.</summary>
/// <param name="Id">Where the letter is.</param>
/// <param name="SourceTopic">The topic that the record was in.</param>
/// <param name="SourcePartition">Its partition there.</param>
/// <param name="SourceOffset">Its offset there.</param>
/// <param name="Reason">The kind of reason, by which letters are counted: the error without its details.</param>
/// <param name="Error">Why the sink could not take it.</param>
/// <param name="At">When it was put aside.</param>
/// <param name="Size">The length of its payload, in bytes.</param>
/// <param name="CutFrom">The length that the payload had before it was cut to fit; null where it is whole.</param>
/// <param name="State">What became of it.</param>
/// <param name="ChangedAt">When its state changed; null where it is as it came.</param>
/// <param name="ChangedBy">Who changed it.</param>
/// <param name="Note">Why, in that person's words.</param>
/// <param name="ReplayedPartition">The partition of the source topic that it was appended to; null where it was not.</param>
/// <param name="ReplayedOffset">Its offset there.</param>
/// <param name="Preview">The first 2,048 bytes of the payload as text; null where the log does not hold it any more.</param>
public sealed record DeadLetter(
    DeadLetterId Id,
    string SourceTopic,
    int SourcePartition,
    long SourceOffset,
    string Reason,
    string Error,
    DateTimeOffset At,
    int Size,
    int? CutFrom,
    DeadLetterState State,
    DateTimeOffset? ChangedAt,
    string? ChangedBy,
    string? Note,
    int? ReplayedPartition,
    long? ReplayedOffset,
    string? Preview);
