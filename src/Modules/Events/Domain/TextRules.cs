using System.Text;

namespace Pipeline.Events.Domain;

/// <summary>What an id or a name may be.</summary>
internal static class TextRules
{
    /// <summary>The most UTF-16 characters of a user, session, event name or product, as in the contract of ingestion.</summary>
    public const int MaxCharacters = 128;

    /// <summary>The most bytes of UTF-8 that a UTF-16 character takes.</summary>
    private const int MaxBytes = 3;

    /// <summary>Why the text cannot be an id or name; null where it can.</summary>
    public static string? Check(ReadOnlySpan<byte> text, string member)
    {
        if (text.IsEmpty)
            return $"{member} is empty.";
        if (text.Length > MaxCharacters && (text.Length > MaxCharacters * MaxBytes || Encoding.UTF8.GetCharCount(text) > MaxCharacters))
            return $"{member} has more than {MaxCharacters} characters.";
        return text.Contains((byte)0) ? $"{member} holds U+0000." : null;
    }
}
