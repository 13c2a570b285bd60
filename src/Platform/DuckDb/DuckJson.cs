using System.Text.Json;

namespace Pipeline.DuckDb;

/// <summary>
/// Writes results as JSON. Rows are objects by column name (a repeated name gets <c>_1</c>, <c>_2</c>); decimals and all whole numbers are numbers with all
/// their digits; timestamps are ISO 8601 in UTC with a Z; NaN and infinities are strings; BLOBs are base64; maps are objects with their keys as text;
/// values of the JSON type stay JSON.
/// </summary>
public static class DuckJson
{
    private const int FlushBytes = 64 * 1024;

    /// <summary>Writes the rest of a result as an array, flushing as it goes, so that memory stays bounded.</summary>
    /// <returns>The rows written.</returns>
    public static async Task<long> WriteRowsAsync(DuckResult result, Utf8JsonWriter writer, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(result);
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStartArray();
        var rows = 0L;
        while (result.ReadChunk(out var chunk))
        {
            WriteRows(chunk, writer);
            rows += chunk.RowCount;
            if (writer.BytesPending >= FlushBytes)
                await writer.FlushAsync(ct);
        }

        writer.WriteEndArray();
        return rows;
    }

    /// <summary>Writes the rest of a result as an array.</summary>
    /// <returns>The rows written.</returns>
    public static long WriteRows(DuckResult result, Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(result);
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStartArray();
        var rows = 0L;
        while (result.ReadChunk(out var chunk))
        {
            WriteRows(chunk, writer);
            rows += chunk.RowCount;
        }

        writer.WriteEndArray();
        return rows;
    }

    /// <summary>Writes the rows of one chunk as objects, without an array around them.</summary>
    public static void WriteRows(DuckChunk chunk, Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(chunk);
        ArgumentNullException.ThrowIfNull(writer);
        for (var row = 0; row < chunk.RowCount; row++)
            WriteRow(chunk, row, writer);
    }

    /// <summary>Writes one row as an object.</summary>
    public static void WriteRow(DuckChunk chunk, int row, Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(chunk);
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStartObject();
        for (var i = 0; i < chunk.Columns.Count; i++)
        {
            writer.WritePropertyName(chunk.Columns[i].JsonName);
            WriteValue(chunk.Column(i), row, writer);
        }

        writer.WriteEndObject();
    }

    /// <summary>Writes one value.</summary>
    public static void WriteValue(DuckVector vector, int row, Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        if (vector.IsNull(row))
        {
            writer.WriteNullValue();
            return;
        }

        var type = vector.Type;
        switch (type.Id)
        {
            case DuckTypeId.Varchar when type.IsJson:
                writer.WriteRawValue(vector.Bytes(row));
                break;
            case DuckTypeId.Varchar:
                writer.WriteStringValue(vector.Bytes(row));
                break;
            case DuckTypeId.Blob:
                writer.WriteBase64StringValue(vector.Bytes(row));
                break;
            case DuckTypeId.Boolean:
                writer.WriteBooleanValue(vector.GetBoolean(row));
                break;
            case DuckTypeId.TinyInt or DuckTypeId.SmallInt or DuckTypeId.Integer or DuckTypeId.BigInt:
            case DuckTypeId.UTinyInt or DuckTypeId.USmallInt or DuckTypeId.UInteger:
                writer.WriteNumberValue(vector.GetInt64(row));
                break;
            case DuckTypeId.UBigInt:
                writer.WriteNumberValue(vector.Raw<ulong>(row));
                break;
            case DuckTypeId.HugeInt or DuckTypeId.Decimal:
                WriteDecimal(vector.GetInt128(row), type.Scale, writer);
                break;
            case DuckTypeId.UHugeInt or DuckTypeId.BigNum:
                writer.WriteRawValue(vector.GetString(row));
                break;
            case DuckTypeId.Double:
                WriteDouble(vector.Raw<double>(row), writer);
                break;
            case DuckTypeId.Float when float.IsFinite(vector.Raw<float>(row)):
                writer.WriteNumberValue(vector.Raw<float>(row));
                break;
            case DuckTypeId.Float:
                WriteDouble(vector.Raw<float>(row), writer);
                break;
            case DuckTypeId.Timestamp or DuckTypeId.TimestampTz:
                WriteTimestamp(vector.Raw<long>(row), 1_000_000, writer);
                break;
            case DuckTypeId.TimestampSeconds:
                WriteTimestamp(vector.Raw<long>(row), 1, writer);
                break;
            case DuckTypeId.TimestampMilliseconds:
                WriteTimestamp(vector.Raw<long>(row), 1_000, writer);
                break;
            case DuckTypeId.TimestampNanoseconds:
                WriteTimestamp(vector.Raw<long>(row), 1_000_000_000, writer);
                break;
            case DuckTypeId.List or DuckTypeId.Array:
                WriteList(vector, row, writer);
                break;
            case DuckTypeId.Struct:
                writer.WriteStartObject();
                for (var i = 0; i < type.Children.Count; i++)
                {
                    writer.WritePropertyName(type.JsonName(i));
                    WriteValue(vector.Field(i), row, writer);
                }

                writer.WriteEndObject();
                break;
            case DuckTypeId.Map:
                WriteMap(vector, row, writer);
                break;
            case DuckTypeId.Union:
                WriteValue(vector.Field(vector.GetUnionTag(row)), row, writer);
                break;
            default:
                writer.WriteStringValue(vector.GetString(row));
                break;
        }
    }

    private static void WriteList(DuckVector vector, int row, Utf8JsonWriter writer)
    {
        var (offset, length) = vector.GetListRange(row);
        var child = vector.Child();
        writer.WriteStartArray();
        for (var i = 0; i < length; i++)
            WriteValue(child, offset + i, writer);
        writer.WriteEndArray();
    }

    private static void WriteMap(DuckVector vector, int row, Utf8JsonWriter writer)
    {
        var (offset, length) = vector.GetListRange(row);
        var entries = vector.Child();
        var keys = entries.Field(0);
        var values = entries.Field(1);
        writer.WriteStartObject();
        for (var i = offset; i < offset + length; i++)
        {
            if (keys.Type.Id == DuckTypeId.Varchar)
                writer.WritePropertyName(keys.Bytes(i));
            else
                writer.WritePropertyName(keys.GetString(i));
            WriteValue(values, i, writer);
        }

        writer.WriteEndObject();
    }

    private static void WriteDecimal(Int128 unscaled, int scale, Utf8JsonWriter writer)
    {
        Span<byte> digits = stackalloc byte[44];
        writer.WriteRawValue(digits[..DecimalMath.Format(unscaled, scale, digits)], skipInputValidation: true);
    }

    private static void WriteDouble(double value, Utf8JsonWriter writer)
    {
        if (double.IsFinite(value))
            writer.WriteNumberValue(value);
        else
            writer.WriteStringValue(double.IsNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
    }

    private static void WriteTimestamp(long value, long unitsPerSecond, Utf8JsonWriter writer)
    {
        // Whole seconds through the fast formatter of the years that it knows, the fraction by hand, no string.
        var seconds = Instants.FloorDivide(value, unitsPerSecond);
        if (value is long.MaxValue or -long.MaxValue || Instants.FromTicks((Int128)seconds * TimeSpan.TicksPerSecond) is not { } instant)
        {
            writer.WriteStringValue(ValueText.Timestamp(value, unitsPerSecond, 'T', "Z"));
            return;
        }

        Span<byte> text = stackalloc byte[40];
        _ = instant.UtcDateTime.TryFormat(text, out var length, "yyyy-MM-ddTHH:mm:ss", System.Globalization.CultureInfo.InvariantCulture);
        var fraction = value - (seconds * unitsPerSecond);
        if (fraction != 0)
        {
            text[length++] = (byte)'.';
            for (var unit = unitsPerSecond / 10; fraction != 0; unit /= 10)
            {
                text[length++] = (byte)('0' + (fraction / unit));
                fraction %= unit;
            }
        }

        text[length++] = (byte)'Z';
        writer.WriteStringValue(text[..length]);
    }
}
