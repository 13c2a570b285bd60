using System.Text;

namespace Pipeline.Lake;

/// <summary>The URI form that paths have in a log, and the Hive form that partition values have in folder names.</summary>
internal static class UriPath
{
    /// <summary>The folder name of the null partition.</summary>
    public const string NullPartition = "__HIVE_DEFAULT_PARTITION__";

    /// <summary>A path as the log has it, from its plain form: everything but unreserved characters, <c>/</c> and <c>=</c> is percent-encoded.</summary>
    public static string Encode(string path) => Escape(path, "/=");

    /// <summary>The plain path of one in the log.</summary>
    public static string Decode(string path) => path.Contains('%', StringComparison.Ordinal) ? Uri.UnescapeDataString(path) : path;

    /// <summary>A part of a folder name like <c>column=value</c>: nothing that a file system or a URI gives a meaning to is left in it.</summary>
    public static string EscapeName(string text) => Escape(text, "");

    private static string Escape(string text, string alsoAllowed)
    {
        StringBuilder? escaped = null;
        Span<byte> bytes = stackalloc byte[4];
        for (var i = 0; i < text.Length;)
        {
            var c = text[i];
            if (char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '~' || alsoAllowed.Contains(c, StringComparison.Ordinal))
            {
                escaped?.Append(c);
                i++;
                continue;
            }

            escaped ??= new StringBuilder(text.Length + 16).Append(text, 0, i);
            Rune.DecodeFromUtf16(text.AsSpan(i), out var rune, out var consumed);
            var count = rune.EncodeToUtf8(bytes);
            foreach (var b in bytes[..count])
                escaped.Append('%').Append(b.ToString("X2", System.Globalization.CultureInfo.InvariantCulture));
            i += consumed;
        }

        return escaped?.ToString() ?? text;
    }
}
