namespace Pipeline.Purchases.Domain;

/// <summary>Decimal numbers as the table keeps them: 18 digits, 4 of them after the point, rounded half away from zero.</summary>
internal static class Money
{
    public const int Precision = 18;
    public const int Scale = 4;

    private const long Limit = 1_000_000_000_000_000_000;
    private const int LongestExponent = 9;

    /// <summary>Reads a number of any length and exponent exactly.</summary>
    /// <param name="number">A valid JSON number.</param>
    /// <param name="scaled">The value times 10^4, rounded half away from zero.</param>
    /// <returns>False where it has more than 14 digits before the point.</returns>
    public static bool TryParse(ReadOnlySpan<byte> number, out long scaled)
    {
        scaled = 0;
        var negative = number[0] == '-';
        var mantissa = negative ? number[1..] : number;
        long exponent = 0;
        var e = mantissa.IndexOfAny((byte)'e', (byte)'E');
        if (e >= 0)
        {
            exponent = Exponent(mantissa[(e + 1)..]);
            mantissa = mantissa[..e];
        }

        // Digits before the point of the mantissa, plus those that the exponent and the scale move in front of it.
        var point = mantissa.IndexOf((byte)'.');
        var wanted = (point < 0 ? mantissa.Length : point) + exponent + Scale;
        long seen = 0;
        foreach (var c in mantissa)
        {
            if (c == '.')
                continue;
            var digit = c - '0';
            if (seen == wanted)
            {
                scaled += digit >= 5 ? 1 : 0;
                break;
            }

            if (seen++ > wanted)
                break;
            if (scaled >= Limit / 10)
                return false;
            scaled = (scaled * 10) + digit;
        }

        for (; seen < wanted && scaled != 0; seen++)
        {
            if (scaled >= Limit / 10)
                return false;
            scaled *= 10;
        }

        if (scaled >= Limit)
            return false;
        scaled = negative ? -scaled : scaled;
        return true;
    }

    /// <summary>True where the text is a JSON number.</summary>
    public static bool IsNumber(ReadOnlySpan<byte> text)
    {
        var rest = text is [(byte)'-', ..] ? text[1..] : text;
        var whole = Digits(rest);
        if (whole == 0 || (whole > 1 && rest[0] == '0'))
            return false;
        rest = rest[whole..];
        if (rest is [(byte)'.', ..])
        {
            var fraction = Digits(rest[1..]);
            if (fraction == 0)
                return false;
            rest = rest[(fraction + 1)..];
        }

        if (rest is not [(byte)'e' or (byte)'E', ..])
            return rest.IsEmpty;
        rest = rest is [_, (byte)'+' or (byte)'-', ..] ? rest[2..] : rest[1..];
        return !rest.IsEmpty && Digits(rest) == rest.Length;
    }

    private static int Digits(ReadOnlySpan<byte> text)
    {
        var end = text.IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        return end < 0 ? text.Length : end;
    }

    /// <summary>An exponent beyond any number that fits memory is as good as the largest one.</summary>
    private static long Exponent(ReadOnlySpan<byte> text)
    {
        var negative = text[0] == '-';
        var digits = (text[0] is (byte)'-' or (byte)'+' ? text[1..] : text).TrimStart((byte)'0');
        long value = 0;
        foreach (var digit in digits.Length > LongestExponent ? "9999999999"u8 : digits)
            value = (value * 10) + digit - '0';
        return negative ? -value : value;
    }
}
