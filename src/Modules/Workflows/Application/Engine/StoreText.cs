using System.Text;

namespace Pipeline.Workflows.Application.Engine;

/// <summary>Texts as the store takes them.</summary>
internal static class StoreText
{
    /// <summary>Characters of a text; what comes after is cut off.</summary>
    public const int MaxLength = 8_000;

    /// <summary>The text without NUL and halves of surrogate pairs, and not longer than <see cref="MaxLength"/> and a sign that it was.</summary>
    public static string Of(string text)
    {
        if (text.Length > MaxLength)
            text = text[..MaxLength] + "…";
        if (text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF'))
            text = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
        return text.Replace('\0', '\uFFFD');
    }
}
