using System.Buffers;
using System.Text.Json;

namespace Pipeline.Events.Domain;

/// <summary>Texts of JSON as bytes.</summary>
internal static class JsonText
{
    /// <summary>
    /// The text of the current string or property name: a slice of the payload, or unescaped into the buffer. False where an escape is half a surrogate
    /// pair.
    /// </summary>
    public static bool TryRead(scoped ref Utf8JsonReader reader, ArrayBufferWriter<byte> buffer, out ReadOnlySpan<byte> text)
    {
        text = reader.ValueSpan;
        if (!reader.ValueIsEscaped)
            return true;
        try
        {
            // Unescaped text is never longer than escaped text.
            var target = buffer.GetSpan(reader.ValueSpan.Length);
            var length = reader.CopyString(target);
            buffer.Advance(length);
            text = buffer.WrittenSpan[^length..];
            return true;
        }
        catch (InvalidOperationException)
        {
            text = default;
            return false;
        }
    }
}
