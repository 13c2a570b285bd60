using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;
using Pipeline.DuckDb.Native;

namespace Pipeline.DuckDb;

/// <summary>Values as text, in the form that DuckDB's own cast to VARCHAR gives.</summary>
internal static class ValueText
{
    private const long MicrosPerSecond = 1_000_000;
    private const long NanosPerSecond = 1_000_000_000;
    private const int SecondsPerDay = 86_400;

    /// <summary>A value that is not NULL; row and vector are checked by the caller.</summary>
    internal static string Of(DuckVector vector, int row)
    {
        var type = vector.Type;
        switch (type.Id)
        {
            case DuckTypeId.Boolean:
                return vector.GetBoolean(row) ? "true" : "false";
            case DuckTypeId.Float:
                return vector.Raw<float>(row).ToString("R", CultureInfo.InvariantCulture);
            case DuckTypeId.Double:
                return vector.Raw<double>(row).ToString("R", CultureInfo.InvariantCulture);
            case DuckTypeId.UHugeInt:
                return vector.Raw<UInt128>(row).ToString(CultureInfo.InvariantCulture);
            case DuckTypeId.Decimal:
                return DecimalMath.Text(vector.GetInt128(row), type.Scale);
            case DuckTypeId.Date:
                return Date(vector.Raw<int>(row));
            case DuckTypeId.Timestamp:
                return Timestamp(vector.Raw<long>(row), MicrosPerSecond, ' ', "");
            case DuckTypeId.TimestampTz:
                return Timestamp(vector.Raw<long>(row), MicrosPerSecond, ' ', "+00");
            case DuckTypeId.TimestampSeconds:
                return Timestamp(vector.Raw<long>(row), 1, ' ', "");
            case DuckTypeId.TimestampMilliseconds:
                return Timestamp(vector.Raw<long>(row), 1_000, ' ', "");
            case DuckTypeId.TimestampNanoseconds:
                return Timestamp(vector.Raw<long>(row), NanosPerSecond, ' ', "");
            case DuckTypeId.Time:
                return Time(new StringBuilder(), vector.Raw<long>(row), MicrosPerSecond).ToString();
            case DuckTypeId.TimeNanoseconds:
                return Time(new StringBuilder(), vector.Raw<long>(row), NanosPerSecond).ToString();
            case DuckTypeId.TimeTz:
                return TimeTz(vector.Raw<ulong>(row));
            case DuckTypeId.Interval:
                return Interval(vector.Raw<NativeInterval>(row));
            case DuckTypeId.Uuid:
                return vector.GetGuid(row).ToString();
            case DuckTypeId.Enum:
                return type.EnumValues[EnumIndex(vector, row)];
            case DuckTypeId.Blob:
                return Blob(vector.Bytes(row));
            case DuckTypeId.Bit:
                return Bit(vector.Bytes(row));
            case DuckTypeId.BigNum:
                return BigNum(vector.Bytes(row));
            case DuckTypeId.List or DuckTypeId.Array or DuckTypeId.Map or DuckTypeId.Struct or DuckTypeId.Union:
                return Json(vector, row);
            case DuckTypeId.Geometry or DuckTypeId.Variant:
                throw new NotSupportedException($"A {type} cannot be read directly: cast it to VARCHAR or JSON in the SQL.");
            default:
                return vector.GetInt128(row).ToString(CultureInfo.InvariantCulture);
        }
    }

    internal static int EnumIndex(DuckVector vector, int row) => vector.Type.Size switch
    {
        1 => vector.Raw<byte>(row),
        2 => vector.Raw<ushort>(row),
        _ => (int)vector.Raw<uint>(row),
    };

    internal static string Date(int days) => days switch
    {
        int.MaxValue => "infinity",
        -int.MaxValue => "-infinity",
        _ => Day(new StringBuilder(), days).ToString(),
    };

    /// <summary>A count of units since 1970, with the fraction only as long as it needs to be.</summary>
    internal static string Timestamp(long value, long unitsPerSecond, char separator, string zone)
    {
        if (value is long.MaxValue or -long.MaxValue)
            return value > 0 ? "infinity" : "-infinity";
        var unitsPerDay = unitsPerSecond * SecondsPerDay;
        var days = Instants.FloorDivide(value, unitsPerDay);
        var text = Day(new StringBuilder(), days).Append(separator);
        return Time(text, value - (days * unitsPerDay), unitsPerSecond).Append(zone).ToString();
    }

    /// <summary>The proleptic Gregorian date of a count of days (Howard Hinnant, "chrono-compatible low-level date algorithms").</summary>
    private static StringBuilder Day(StringBuilder text, long days)
    {
        var shifted = days + 719_468;
        var era = Instants.FloorDivide(shifted, 146_097);
        var dayOfEra = shifted - (era * 146_097);
        var yearOfEra = (dayOfEra - (dayOfEra / 1_460) + (dayOfEra / 36_524) - (dayOfEra / 146_096)) / 365;
        var dayOfYear = dayOfEra - ((365 * yearOfEra) + (yearOfEra / 4) - (yearOfEra / 100));
        var monthFromMarch = ((5 * dayOfYear) + 2) / 153;
        var day = dayOfYear - (((153 * monthFromMarch) + 2) / 5) + 1;
        var month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
        var year = yearOfEra + (era * 400) + (month <= 2 ? 1 : 0);
        var shown = year > 0 ? year : 1 - year;
        text.Append(CultureInfo.InvariantCulture, $"{shown:0000}-{month:00}-{day:00}");
        return year > 0 ? text : text.Append(" (BC)");
    }

    private static StringBuilder Time(StringBuilder text, long value, long unitsPerSecond)
    {
        var seconds = value / unitsPerSecond;
        text.Append(CultureInfo.InvariantCulture, $"{seconds / 3600:00}:{seconds / 60 % 60:00}:{seconds % 60:00}");
        var fraction = value % unitsPerSecond;
        if (fraction == 0)
            return text;
        var digits = unitsPerSecond switch { 1_000 => 3, MicrosPerSecond => 6, _ => 9 };
        var shown = fraction.ToString(CultureInfo.InvariantCulture).PadLeft(digits, '0').TrimEnd('0');
        return text.Append('.').Append(shown);
    }

    private static string TimeTz(ulong bits)
    {
        // 40 bits of microseconds, 24 bits of the offset counted down from 15:59:59.
        var text = Time(new StringBuilder(), (long)(bits >> 24), MicrosPerSecond);
        var offset = (16 * 60 * 60) - 1 - (int)(bits & 0xFF_FFFF);
        text.Append(offset < 0 ? '-' : '+');
        offset = Math.Abs(offset);
        text.Append(CultureInfo.InvariantCulture, $"{offset / 3600:00}");
        if (offset % 3600 != 0)
            text.Append(CultureInfo.InvariantCulture, $":{offset / 60 % 60:00}");
        if (offset % 60 != 0)
            text.Append(CultureInfo.InvariantCulture, $":{offset % 60:00}");
        return text.ToString();
    }

    private static string Interval(NativeInterval interval)
    {
        var text = new StringBuilder();
        Part(interval.Months / 12, "year");
        Part(interval.Months % 12, "month");
        Part(interval.Days, "day");
        if (interval.Micros != 0 || text.Length == 0)
        {
            if (text.Length > 0)
                text.Append(' ');
            if (interval.Micros < 0)
                text.Append('-');
            Time(text, Math.Abs(interval.Micros), MicrosPerSecond);
        }

        return text.ToString();

        void Part(int count, string unit)
        {
            if (count == 0)
                return;
            if (text.Length > 0)
                text.Append(' ');
            text.Append(CultureInfo.InvariantCulture, $"{count} {unit}");
            if (count is not (1 or -1))
                text.Append('s');
        }
    }

    private static string Blob(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length);
        foreach (var b in bytes)
        {
            if (b is >= 32 and < 127 and not ((byte)'\\' or (byte)'\'' or (byte)'"'))
                text.Append((char)b);
            else
                text.Append(CultureInfo.InvariantCulture, $"\\x{b:X2}");
        }

        return text.ToString();
    }

    private static string Bit(ReadOnlySpan<byte> bytes)
    {
        // The first byte counts the bits that pad the second one on its left.
        var text = new StringBuilder(bytes.Length * 8);
        for (var i = 8 + bytes[0]; i < bytes.Length * 8; i++)
            text.Append((bytes[i / 8] >> (7 - (i % 8)) & 1) == 0 ? '0' : '1');
        return text.ToString();
    }

    private static string BigNum(ReadOnlySpan<byte> bytes)
    {
        // Three bytes of header whose highest bit is the sign, then the magnitude; a negative number has all bits inverted.
        var negative = (bytes[0] & 0x80) == 0;
        var magnitude = bytes[3..].ToArray();
        if (negative)
        {
            for (var i = 0; i < magnitude.Length; i++)
                magnitude[i] = (byte)~magnitude[i];
        }

        var value = new BigInteger(magnitude, isUnsigned: true, isBigEndian: true);
        return (negative ? -value : value).ToString(CultureInfo.InvariantCulture);
    }

    private static string Json(DuckVector vector, int row)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
            DuckJson.WriteValue(vector, row, writer);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
