namespace Pipeline.DuckDb;

/// <summary>Conversion between .NET's dates and DuckDB's counts since 1970-01-01.</summary>
internal static class Instants
{
    private const int UnixEpochDays = 719_162;

    /// <summary>Microseconds since 1970, rounded down.</summary>
    internal static long ToMicros(DateTimeOffset value) => FloorDivide(value.UtcTicks - DateTimeOffset.UnixEpoch.Ticks, TimeSpan.TicksPerMicrosecond);

    internal static int ToDays(DateOnly value) => value.DayNumber - UnixEpochDays;

    /// <summary>The date of a count of days.</summary>
    /// <exception cref="OverflowException">The date is infinite or not of the years 1 to 9999.</exception>
    internal static DateOnly FromDays(int days)
    {
        var number = (long)days + UnixEpochDays;
        return number < DateOnly.MinValue.DayNumber || number > DateOnly.MaxValue.DayNumber
            ? throw new OverflowException($"The date {ValueText.Date(days)} is not of the years 1 to 9999.")
            : DateOnly.FromDayNumber((int)number);
    }

    /// <summary>The instant of a count of ticks of 100 ns since 1970; null when it is not of the years 1 to 9999.</summary>
    internal static DateTimeOffset? FromTicks(Int128 ticks)
    {
        var all = ticks + DateTimeOffset.UnixEpoch.Ticks;
        return all < 0 || all > DateTime.MaxValue.Ticks ? null : new DateTimeOffset((long)all, TimeSpan.Zero);
    }

    internal static long FloorDivide(long value, long divisor)
    {
        var (quotient, rest) = Math.DivRem(value, divisor);
        return rest < 0 ? quotient - 1 : quotient;
    }
}
