using System.Text.Json;

namespace Pipeline.Ingestion.Domain;

/// <summary>
/// The checks of single JSON values that the scanners share. False means "not plainly valid": the slow path then finds out why, or that it is valid after all.
/// </summary>
internal static class FieldScan
{
    /// <summary>The next token is a plain string of 1 to <paramref name="maxBytes"/> bytes that does not begin or end with a blank.</summary>
    public static bool Text(ref Utf8JsonReader reader, int maxBytes)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.String || reader.ValueIsEscaped)
            return false;
        var value = reader.ValueSpan;
        return (uint)(value.Length - 1) < (uint)maxBytes && IsInk(value[0]) && IsInk(value[^1]);
    }

    public static bool TimeStamp(ref Utf8JsonReader reader, in RecordLimits limits) =>
        reader.Read() && reader.TokenType == JsonTokenType.String && !reader.ValueIsEscaped
        && Rfc3339.TryParse(reader.ValueSpan, out var value) && value >= limits.Earliest && value <= limits.Latest;

    public static bool Money(ref Utf8JsonReader reader, out decimal value)
    {
        value = 0;
        return reader.Read() && reader.TokenType == JsonTokenType.Number && reader.TryGetDecimal(out value) && value is >= 0 and <= RecordLimits.MaxMoney;
    }

    public static bool Count(ref Utf8JsonReader reader, out int value)
    {
        value = 0;
        return reader.Read() && reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out value) && value is >= 1 and <= RecordLimits.MaxItemCount;
    }

    /// <summary>Sets the field's bit; false where it was set already (a name given twice).</summary>
    public static bool Mark(ref uint seen, int field)
    {
        var bit = 1u << field;
        var isNew = (seen & bit) == 0;
        seen |= bit;
        return isNew;
    }

    /// <summary>
    /// A line of newline-delimited JSON must not hold a line break, and the reader does not check the encoding inside strings.
    /// </summary>
    public static bool IsOneLineUtf8(ReadOnlySpan<byte> record) =>
        record.IndexOfAny((byte)'\n', (byte)'\r') < 0 && System.Text.Unicode.Utf8.IsValid(record);

    private static bool IsInk(byte value) => value is > 0x20 and < 0x7F;
}
