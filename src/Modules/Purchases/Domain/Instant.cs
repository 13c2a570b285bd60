namespace Pipeline.Purchases.Domain;

/// <summary>Timestamps as <c>yyyy-MM-ddTHH:mm:ss[.fffffffff](Z|±HH:mm)</c>: RFC 3339 with a zone, 1 to 9 digits of a second's fraction.</summary>
internal static class Instant
{
    private const int FractionAt = 19;
    private const int MaxFractionDigits = 9;
    private const int MicroDigits = 6;
    private const int MaxZoneMinutes = 14 * 60;
    private const long MicrosPerMinute = 60_000_000;
    private const long LatestMicros = 253_402_300_799_999_999;
    private const long EarliestMicros = -62_135_596_800_000_000;

    /// <summary>Microseconds since 1970-01-01 UTC; digits beyond a microsecond are dropped.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out long micros)
    {
        micros = 0;
        if (text.Length < FractionAt + 1 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':')
            return false;
        if (!Number(text[..4], out var year) || !Number(text[5..7], out var month) || !Number(text[8..10], out var day)
            || !Number(text[11..13], out var hour) || !Number(text[14..16], out var minute) || !Number(text[17..19], out var second))
            return false;
        if (year == 0 || month is 0 or > 12 || day == 0 || day > DateTime.DaysInMonth(year, month) || hour > 23 || minute > 59 || second > 59)
            return false;
        var rest = text[FractionAt..];
        if (!TryFraction(ref rest, out var fraction) || !TryZone(rest, out var zoneMinutes))
            return false;

        var seconds = (new DateTime(year, month, day, hour, minute, second, DateTimeKind.Utc).Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerSecond;
        micros = (seconds * 1_000_000) + fraction - (zoneMinutes * MicrosPerMinute);
        return micros is >= EarliestMicros and <= LatestMicros;
    }

    private static bool TryFraction(ref ReadOnlySpan<byte> rest, out long micros)
    {
        micros = 0;
        if (rest[0] != '.')
            return true;
        var digits = 0;
        for (rest = rest[1..]; digits < rest.Length && char.IsAsciiDigit((char)rest[digits]); digits++)
        {
            if (digits < MicroDigits)
                micros = (micros * 10) + rest[digits] - '0';
        }

        for (var i = digits; i < MicroDigits; i++)
            micros *= 10;
        rest = rest[digits..];
        return digits is >= 1 and <= MaxFractionDigits;
    }

    private static bool TryZone(ReadOnlySpan<byte> zone, out int minutes)
    {
        minutes = 0;
        if (zone.Length == 1)
            return zone[0] == 'Z';
        if (zone.Length != 6 || zone[0] is not ((byte)'+' or (byte)'-') || zone[3] != ':'
            || !Number(zone[1..3], out var h) || !Number(zone[4..6], out var m) || m > 59)
            return false;
        minutes = (h * 60) + m;
        if (minutes > MaxZoneMinutes)
            return false;
        if (zone[0] == '-')
            minutes = -minutes;
        return true;
    }

    private static bool Number(ReadOnlySpan<byte> digits, out int value)
    {
        value = 0;
        foreach (var digit in digits)
        {
            if (!char.IsAsciiDigit((char)digit))
                return false;
            value = (value * 10) + digit - '0';
        }

        return true;
    }
}
