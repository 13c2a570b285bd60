namespace Pipeline;

/// <summary>
/// Timestamps as <c>yyyy-MM-ddTHH:mm:ss[.fffffffff](Z|±HH:mm)</c>: RFC 3339 with a zone of up to ±14:00, upper case, 1 to 9 digits of a second's fraction, of
/// which those beyond 100 ns are dropped. Parsed without allocating.
/// </summary>
public static class Rfc3339
{
    private const int FractionAt = 19;
    private const int MaxFractionDigits = 9;
    private const int TickDigits = 7;
    private const int MaxZoneMinutes = 14 * 60;

    /// <summary>Parses a timestamp with the offset that it is written with.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out DateTimeOffset value)
    {
        value = default;
        if (!TryParse(text, out var ticks, out var zoneMinutes))
            return false;
        value = new DateTimeOffset(ticks + (zoneMinutes * TimeSpan.TicksPerMinute), TimeSpan.FromMinutes(zoneMinutes));
        return true;
    }

    /// <summary>Parses a timestamp as microseconds since 1970-01-01 UTC; digits beyond a microsecond are dropped.</summary>
    public static bool TryParseMicroseconds(ReadOnlySpan<byte> text, out long microseconds)
    {
        var valid = TryParse(text, out var ticks, out _);

        // Both are multiples of a microsecond but for the fraction, which is never negative: the division is of positive numbers.
        microseconds = valid ? (ticks / TimeSpan.TicksPerMicrosecond) - (DateTime.UnixEpoch.Ticks / TimeSpan.TicksPerMicrosecond) : 0;
        return valid;
    }

    /// <summary>The ticks in UTC since year 1.</summary>
    private static bool TryParse(ReadOnlySpan<byte> text, out long utcTicks, out int zoneMinutes)
    {
        utcTicks = 0;
        zoneMinutes = 0;
        if (text.Length < FractionAt + 1 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':')
            return false;
        if (!Number(text[..4], out var year) || !Number(text[5..7], out var month) || !Number(text[8..10], out var day)
            || !Number(text[11..13], out var hour) || !Number(text[14..16], out var minute) || !Number(text[17..19], out var second))
            return false;
        if (year == 0 || month is 0 or > 12 || day == 0 || day > DateTime.DaysInMonth(year, month) || hour > 23 || minute > 59 || second > 59)
            return false;

        var rest = text[FractionAt..];
        if (!TryFraction(ref rest, out var fraction) || !TryZone(rest, out zoneMinutes))
            return false;
        utcTicks = new DateTime(year, month, day, hour, minute, second, DateTimeKind.Utc).Ticks + fraction - (zoneMinutes * TimeSpan.TicksPerMinute);
        return utcTicks >= DateTime.MinValue.Ticks && utcTicks <= DateTime.MaxValue.Ticks;
    }

    private static bool TryFraction(ref ReadOnlySpan<byte> rest, out long ticks)
    {
        ticks = 0;
        if (rest[0] != '.')
            return true;
        var digits = 0;
        for (rest = rest[1..]; digits < rest.Length && char.IsAsciiDigit((char)rest[digits]); digits++)
        {
            if (digits < TickDigits)
                ticks = (ticks * 10) + rest[digits] - '0';
        }

        for (var i = digits; i < TickDigits; i++)
            ticks *= 10;
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
