using System.Buffers.Text;

namespace Pipeline.Purchases.Domain;

/// <summary>Surrogate pairs that are written as escapes in JSON strings.</summary>
internal static class Surrogates
{
    private const int EscapeLength = 6;

    /// <summary>True where each <c>\uD800..\uDBFF</c> is followed by a <c>\uDC00..\uDFFF</c> and none of those stands alone.</summary>
    /// <param name="escaped">The body of a JSON string whose escapes are well formed.</param>
    public static bool ArePaired(ReadOnlySpan<byte> escaped)
    {
        for (var at = escaped.IndexOf((byte)'\\'); at >= 0 && at < escaped.Length; at = Next(escaped, at))
        {
            if (escaped[at + 1] != 'u')
            {
                at += 2;
                continue;
            }

            var unit = Unit(escaped[at..]);
            if (char.IsLowSurrogate(unit))
                return false;
            at += EscapeLength;
            if (!char.IsHighSurrogate(unit))
                continue;
            if (escaped.Length - at < EscapeLength || escaped[at] != '\\' || escaped[at + 1] != 'u' || !char.IsLowSurrogate(Unit(escaped[at..])))
                return false;
            at += EscapeLength;
        }

        return true;
    }

    private static int Next(ReadOnlySpan<byte> escaped, int from)
    {
        if (from >= escaped.Length)
            return escaped.Length;
        var step = escaped[from..].IndexOf((byte)'\\');
        return step < 0 ? escaped.Length : from + step;
    }

    private static char Unit(ReadOnlySpan<byte> escape) => Utf8Parser.TryParse(escape[2..EscapeLength], out ushort unit, out _, 'X') ? (char)unit : '\0';
}
