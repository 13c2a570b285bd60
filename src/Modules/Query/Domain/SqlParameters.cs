using System.Globalization;

namespace Pipeline.Query.Domain;

/// <summary>The values of <c>$name</c> as both engines write them.</summary>
internal static class SqlParameters
{
    /// <summary>A value as SQL, on one line; null where it is of no type that has a literal.</summary>
    public static string? TryWrite(object? value) => value switch
    {
        null => "NULL",
        true => "true",
        false => "false",
        sbyte or byte or short or ushort or int or uint or long or ulong or decimal => ((IFormattable)value).ToString(null, CultureInfo.InvariantCulture),
        double number when double.IsFinite(number) => $"CAST('{number.ToString("R", CultureInfo.InvariantCulture)}' AS DOUBLE PRECISION)",
        DateTimeOffset moment => string.Create(CultureInfo.InvariantCulture, $"TIMESTAMPTZ '{moment.UtcDateTime:yyyy-MM-dd HH:mm:ss.ffffff}+00'"),
        DateOnly day => string.Create(CultureInfo.InvariantCulture, $"DATE '{day:yyyy-MM-dd}'"),
        string text when !text.Contains('\0', StringComparison.Ordinal) => Text(text),
        _ => null,
    };

    private static string Text(string value)
    {
        var literal = $"'{value.Replace("'", "''", StringComparison.Ordinal)}'";
        return value.AsSpan().IndexOfAny('\r', '\n') < 0
            ? literal
            : $"({literal.Replace("\r", "' || chr(13) || '", StringComparison.Ordinal).Replace("\n", "' || chr(10) || '", StringComparison.Ordinal)})";
    }
}
