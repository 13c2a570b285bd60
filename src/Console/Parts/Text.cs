using System.Globalization;

namespace Pipeline.Console.Parts;

/// <summary>Figures as people read them.</summary>
internal static class Text
{
    private static readonly string[] _byteUnits = ["B", "KB", "MB", "GB", "TB", "PB"];

    /// <summary>A whole number with separators: <c>12,345</c>.</summary>
    public static string Count(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A whole number with separators; a dash where there is none.</summary>
    public static string Count(long? value) => value is { } number ? Count(number) : "–";

    /// <summary>A rate or another measure with as many digits as matter: <c>0.25</c>, <c>7.3</c>, <c>1,250</c>.</summary>
    public static string Number(double value) => Math.Abs(value) switch
    {
        0 => "0",
        < 1 => value.ToString("0.##", CultureInfo.InvariantCulture),
        < 100 => value.ToString("0.#", CultureInfo.InvariantCulture),
        _ => value.ToString("N0", CultureInfo.InvariantCulture),
    };

    /// <summary>A size: <c>1.4 MB</c>, in powers of 1,000.</summary>
    public static string Bytes(long value)
    {
        double size = value;
        var unit = 0;
        for (; Math.Abs(size) >= 999.5 && unit < _byteUnits.Length - 1; unit++)
            size /= 1000;
        return string.Create(CultureInfo.InvariantCulture, $"{(unit == 0 || size >= 99.95 ? Math.Round(size) : Math.Round(size, 1))} {_byteUnits[unit]}");
    }

    /// <summary>A length of time: <c>340 ms</c>, <c>2.5 s</c>, <c>3 min 4 s</c>, <c>2 h 5 min</c>, <c>3 d 2 h</c>.</summary>
    public static string Duration(TimeSpan value) => value switch
    {
        { Ticks: < 0 } => "-" + Duration(-value),
        { TotalMilliseconds: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{value.TotalMicroseconds:0} µs"),
        { TotalMilliseconds: < 10 } => string.Create(CultureInfo.InvariantCulture, $"{value.TotalMilliseconds:0.#} ms"),
        { TotalMilliseconds: < 999.5 } => string.Create(CultureInfo.InvariantCulture, $"{value.TotalMilliseconds:0} ms"),
        { TotalSeconds: < 9.95 } => string.Create(CultureInfo.InvariantCulture, $"{value.TotalSeconds:0.0} s"),
        { TotalSeconds: < 59.5 } => string.Create(CultureInfo.InvariantCulture, $"{value.TotalSeconds:0} s"),
        _ => Rounded(TimeSpan.FromSeconds(Math.Round(value.TotalSeconds))),
    };

    private static string Rounded(TimeSpan value) => value switch
    {
        { TotalMinutes: < 60 } => $"{value.Minutes} min{(value.Seconds > 0 ? $" {value.Seconds} s" : "")}",
        { TotalHours: < 24 } => $"{value.Hours} h{(value.Minutes > 0 ? $" {value.Minutes} min" : "")}",
        _ => $"{value.Days} d{(value.Hours > 0 ? $" {value.Hours} h" : "")}",
    };

    /// <summary>How long ago, or in how long: <c>5 s ago</c>, <c>in 2 min</c>, <c>now</c>.</summary>
    public static string Ago(DateTimeOffset at, DateTimeOffset now)
    {
        var ago = now - at;
        if (ago.Duration() < TimeSpan.FromSeconds(1))
            return "now";
        var rounded = ago.Duration() switch
        {
            { TotalMinutes: < 1 } near => TimeSpan.FromSeconds(Math.Floor(near.TotalSeconds)),
            { TotalHours: < 1 } near => TimeSpan.FromMinutes(Math.Floor(near.TotalMinutes)),
            { TotalDays: < 1 } near => TimeSpan.FromHours(Math.Floor(near.TotalHours)),
            var far => TimeSpan.FromDays(Math.Floor(far.TotalDays)),
        };
        var text = rounded < TimeSpan.FromMinutes(1) ? string.Create(CultureInfo.InvariantCulture, $"{rounded.TotalSeconds:0} s") : Duration(rounded);
        return ago < TimeSpan.Zero ? $"in {text}" : $"{text} ago";
    }

    /// <summary>A point in time in UTC: <c>2026-01-31 10:15:30.123 UTC</c>.</summary>
    public static string Moment(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.fff 'UTC'", CultureInfo.InvariantCulture);

    /// <summary>A point in time to the second.</summary>
    public static string Short(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
}
