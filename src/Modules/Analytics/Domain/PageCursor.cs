using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Pipeline.Analytics.Domain;

/// <summary>Where a page of repeat purchases ended: the last row's place in the order, and the version that all pages are of.</summary>
internal sealed record PageCursor(long Version, long Orders, string UserId, string ProductId)
{
    private const int MaxLength = 4096;
    private const char Separator = ' ';
    private static readonly UTF8Encoding _strict = new(false, throwOnInvalidBytes: true);

    /// <summary>An opaque text that needs no escaping in a URL: three numbers, the last one the length of the user's id, and the ids.</summary>
    public override string ToString() =>
        Base64Url.EncodeToString(_strict.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Version} {Orders} {UserId.Length} {UserId}{ProductId}")));

    /// <summary>Reads what <see cref="ToString"/> wrote; null where it is something else.</summary>
    public static PageCursor? Parse(string text)
    {
        if (text.Length > MaxLength || !Base64Url.IsValid(text))
            return null;
        string plain;
        try
        {
            plain = _strict.GetString(Base64Url.DecodeFromChars(text));
        }
        catch (DecoderFallbackException)
        {
            return null;
        }

        var rest = plain.AsSpan();
        return TakeNumber(ref rest, out var version) && TakeNumber(ref rest, out var orders) && TakeNumber(ref rest, out var length) && length <= rest.Length
            ? new PageCursor(version, orders, rest[..(int)length].ToString(), rest[(int)length..].ToString())
            : null;
    }

    private static bool TakeNumber(ref ReadOnlySpan<char> rest, out long number)
    {
        var end = rest.IndexOf(Separator);
        if (end < 0 || !long.TryParse(rest[..end], NumberStyles.None, CultureInfo.InvariantCulture, out number))
        {
            number = 0;
            return false;
        }

        rest = rest[(end + 1)..];
        return true;
    }
}
