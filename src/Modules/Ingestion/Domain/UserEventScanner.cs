using System.Text.Json;

namespace Pipeline.Ingestion.Domain;

/// <summary>
/// The hot path of <c>PUT /SendEvent</c>: one pass over the bytes, no allocation. It accepts canonical, plainly valid events only; whatever it does not accept goes
/// to the slow path, which decides and explains. What it accepts the slow path accepts too (a property test holds this).
/// </summary>
internal static class UserEventScanner
{
    private const uint AllFields = 0b1_1111;
    private const uint AllAttributes = 0b111;

    public static bool TryScan(ReadOnlySpan<byte> body, in RecordLimits limits, out ScannedRecord record)
    {
        record = default;
        try
        {
            var reader = new Utf8JsonReader(body);
            if (!reader.Read() || !TryScan(ref reader, limits, out var start, out var keyStart, out var keyLength))
                return false;
            var length = (int)reader.BytesConsumed - start;
            if (reader.Read() || !FieldScan.IsOneLineUtf8(body.Slice(start, length)))
                return false;
            record = new ScannedRecord(start, length, keyStart, keyLength);
            return true;
        }
        catch (JsonException)
        {
            return false; // the slow path reports it
        }
    }

    private static bool TryScan(ref Utf8JsonReader reader, in RecordLimits limits, out int start, out int keyStart, out int keyLength)
    {
        start = (int)reader.TokenStartIndex;
        keyStart = keyLength = 0;
        if (reader.TokenType != JsonTokenType.StartObject)
            return false;
        uint seen = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.ValueSpan;
            bool valid;
            if (name.SequenceEqual("UserId"u8))
            {
                valid = FieldScan.Mark(ref seen, 0) && FieldScan.Text(ref reader, RecordLimits.MaxId);
                keyStart = (int)reader.TokenStartIndex + 1;
                keyLength = reader.ValueSpan.Length;
            }
            else if (name.SequenceEqual("SessionId"u8))
                valid = FieldScan.Mark(ref seen, 1) && FieldScan.Text(ref reader, RecordLimits.MaxId);
            else if (name.SequenceEqual("EventName"u8))
                valid = FieldScan.Mark(ref seen, 2) && EventName(ref reader);
            else if (name.SequenceEqual("TimeStamp"u8))
                valid = FieldScan.Mark(ref seen, 3) && FieldScan.TimeStamp(ref reader, limits);
            else
                valid = name.SequenceEqual("Attributes"u8) && FieldScan.Mark(ref seen, 4) && Attributes(ref reader);
            if (!valid)
                return false;
        }

        return seen == AllFields;
    }

    private static bool EventName(ref Utf8JsonReader reader)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.String)
            return false;
        var value = reader.ValueSpan;
        return value.SequenceEqual("PageVisited"u8) || value.SequenceEqual("AddedBasket"u8) || value.SequenceEqual("CheckedProductReviews"u8);
    }

    private static bool Attributes(ref Utf8JsonReader reader)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            return false;
        uint seen = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.ValueSpan;
            var valid = name.SequenceEqual("ProductId"u8) ? FieldScan.Mark(ref seen, 0) && FieldScan.Text(ref reader, RecordLimits.MaxId)
                : name.SequenceEqual("Price"u8) ? FieldScan.Mark(ref seen, 1) && FieldScan.Money(ref reader, out _)
                : name.SequenceEqual("Discount"u8) && FieldScan.Mark(ref seen, 2) && FieldScan.Money(ref reader, out _);
            if (!valid)
                return false;
        }

        return seen == AllAttributes;
    }
}
