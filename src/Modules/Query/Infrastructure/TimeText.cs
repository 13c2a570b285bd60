namespace Pipeline.Query.Infrastructure;

/// <summary>Moments as both engines print them, in ISO 8601.</summary>
internal static class TimeText
{
    private const int DateLength = 10;

    /// <summary><c>2026-01-31 10:15:30.25+00</c> becomes <c>2026-01-31T10:15:30.25Z</c>; what is not of that form (infinity, years before Christ) stays.</summary>
    public static string Iso(string text)
    {
        if (text.Length <= DateLength || text[DateLength] != ' ' || !char.IsAsciiDigit(text[DateLength + 1]) || text[^1] == ')' || text[^1] == 'C')
            return text;
        var iso = string.Concat(text.AsSpan(0, DateLength), "T", text.AsSpan(DateLength + 1));
        return iso.EndsWith("+00", StringComparison.Ordinal) ? string.Concat(iso.AsSpan(0, iso.Length - 3), "Z") : iso;
    }
}
