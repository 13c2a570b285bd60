namespace Pipeline.DuckDb;

/// <summary>Exact conversion between <see cref="decimal"/> and DuckDB's decimals, which are an unscaled integer of up to 38 digits and a scale.</summary>
internal static class DecimalMath
{
    private const int MaxDotNetScale = 28;

    private static readonly Int128[] _powers = BuildPowers();

    /// <summary>10 to the power of <paramref name="exponent"/>, 0 to 38.</summary>
    internal static Int128 Power(int exponent) => _powers[exponent];

    /// <summary>The value without its point.</summary>
    internal static Int128 Unscaled(decimal value, out int scale)
    {
        Span<int> bits = stackalloc int[4];
        decimal.GetBits(value, bits);
        scale = (bits[3] >> 16) & 0xFF;
        var magnitude = new Int128((uint)bits[2], ((ulong)(uint)bits[1] << 32) | (uint)bits[0]);
        return bits[3] < 0 ? -magnitude : magnitude;
    }

    /// <summary>The number of decimal digits, at least 1.</summary>
    internal static int Digits(Int128 value)
    {
        var magnitude = Int128.Abs(value);
        var digits = 1;
        while (digits < 38 && magnitude >= _powers[digits])
            digits++;
        return digits;
    }

    /// <summary>Moves the point without losing a digit; false when digits would be lost or the value has more than <paramref name="width"/> digits.</summary>
    internal static bool TryRescale(Int128 value, int from, int to, int width, out Int128 result)
    {
        if (to == from)
        {
            result = value;
            return value < _powers[width] && value > -_powers[width];
        }

        if (to > from)
        {
            // Nearly every value is of 64 bits and moves by few digits: then the product cannot overflow and needs no division to tell.
            var factor = _powers[to - from];
            var safe = to - from <= 18 && value == (long)value;
            var limit = safe ? 0 : (_powers[width] - 1) / factor;
            result = 0;
            if (!safe && (value > limit || value < -limit))
                return false;
            result = value * factor;
            return result < _powers[width] && result > -_powers[width];
        }

        var (quotient, rest) = Int128.DivRem(value, _powers[from - to]);
        result = quotient;
        return rest == 0 && quotient < _powers[width] && quotient > -_powers[width];
    }

    /// <summary>The value as a <see cref="decimal"/>, exactly.</summary>
    /// <exception cref="OverflowException">It has more digits than a <see cref="decimal"/> holds.</exception>
    internal static decimal ToDecimal(Int128 unscaled, int scale)
    {
        var magnitude = UInt128.CreateTruncating(unscaled < 0 ? -unscaled : unscaled);
        while (scale > 0 && (scale > MaxDotNetScale || magnitude >> 96 != 0))
        {
            var (quotient, rest) = UInt128.DivRem(magnitude, 10);
            if (rest != 0)
                break;
            magnitude = quotient;
            scale--;
        }

        return scale > MaxDotNetScale || magnitude >> 96 != 0
            ? throw new OverflowException($"The decimal {Text(unscaled, scale)} has more digits than System.Decimal holds; read it as text or as Int128.")
            : new decimal((int)(uint)magnitude, (int)(uint)(magnitude >> 32), (int)(uint)(magnitude >> 64), unscaled < 0, (byte)scale);
    }

    /// <summary>Writes the value with exactly <paramref name="scale"/> digits after the point; returns the characters written, at most 41.</summary>
    internal static int Format(Int128 unscaled, int scale, Span<byte> utf8)
    {
        // Most money fits 64 bits, where a division is one instruction.
        Span<byte> digits = stackalloc byte[40];
        var count = 0;
        var magnitude = UInt128.CreateTruncating(unscaled < 0 ? -unscaled : unscaled);
        while (magnitude > ulong.MaxValue)
        {
            (magnitude, var digit) = UInt128.DivRem(magnitude, 10);
            digits[count++] = (byte)('0' + (int)digit);
        }

        for (var low = (ulong)magnitude; low != 0; low /= 10)
            digits[count++] = (byte)('0' + (low % 10));
        while (count <= scale)
            digits[count++] = (byte)'0';

        var length = 0;
        if (unscaled < 0)
            utf8[length++] = (byte)'-';
        for (var i = count - 1; i >= 0; i--)
        {
            utf8[length++] = digits[i];
            if (i == scale && scale > 0)
                utf8[length++] = (byte)'.';
        }

        return length;
    }

    /// <summary>The value as text with exactly <paramref name="scale"/> digits after the point.</summary>
    internal static string Text(Int128 unscaled, int scale)
    {
        Span<byte> utf8 = stackalloc byte[44];
        return System.Text.Encoding.ASCII.GetString(utf8[..Format(unscaled, scale, utf8)]);
    }

    private static Int128[] BuildPowers()
    {
        var powers = new Int128[39];
        powers[0] = 1;
        for (var i = 1; i < powers.Length; i++)
            powers[i] = powers[i - 1] * 10;
        return powers;
    }
}
