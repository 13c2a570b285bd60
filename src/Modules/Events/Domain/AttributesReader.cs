using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Pipeline.Events.Domain;

/// <summary>
/// Reads an event's attributes: checks what the contract says of them and that a store can keep all of them, and hands on their bytes as they are.
/// Numbers of unusual length or exponent, which a database would expand to thousands of digits, are written anew as the decimals that they are.
/// </summary>
internal sealed class AttributesReader
{
    private const int MaxNumberLength = 64;
    private const int MaxExponentLength = 4;
    private const Members All = Members.ProductId | Members.Price | Members.Discount;

    private readonly ArrayBufferWriter<byte> _unescaped = new(256);
    private readonly ArrayBufferWriter<byte> _rewritten = new(256);

    /// <summary>
    /// Reads the value of member Attributes; the reader is on its name. The result is valid until the next call; empty where a reason was given.
    /// </summary>
    public ReadOnlySpan<byte> Read(scoped ref Utf8JsonReader reader, ReadOnlySpan<byte> payload, scoped ref string? reason)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            reason ??= "Attributes is not an object.";
            return default;
        }

        var start = (int)reader.TokenStartIndex;
        var found = Members.None;
        var unusual = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var member = Name(ref reader);
            CheckText(ref reader, "Attributes", ref reason);
            reader.Read();
            switch (member)
            {
                case Members.ProductId:
                    CheckProduct(ref reader, ref reason);
                    break;
                case Members.Price or Members.Discount:
                    if (reader.TokenType != JsonTokenType.Number || !reader.TryGetDecimal(out _))
                        reason ??= $"Attributes.{member} is not a decimal number.";
                    break;
            }

            found |= member;
            unusual |= CheckValue(ref reader, ref reason);
        }

        var raw = payload[start..(int)reader.BytesConsumed];
        if (found != All)
            reason ??= $"Missing in Attributes: {All & ~found}.";
        if (reason is not null)
            return default;
        return unusual ? Rewrite(raw, ref reason) : raw;
    }

    private static Members Name(scoped ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("ProductId"u8) ? Members.ProductId
        : reader.ValueTextEquals("Price"u8) ? Members.Price
        : reader.ValueTextEquals("Discount"u8) ? Members.Discount
        : Members.None;

    private void CheckProduct(scoped ref Utf8JsonReader reader, scoped ref string? reason)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            reason ??= "Attributes.ProductId is not a string.";
            return;
        }

        _unescaped.ResetWrittenCount();
        if (JsonText.TryRead(ref reader, _unescaped, out var text))
            reason ??= TextRules.Check(text, "Attributes.ProductId");
    }

    /// <summary>Walks a value with all that is in it. True where a number is unusual.</summary>
    private bool CheckValue(scoped ref Utf8JsonReader reader, scoped ref string? reason)
    {
        var unusual = false;
        var depth = reader.CurrentDepth;
        var nested = reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray;
        do
        {
            if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName)
                CheckText(ref reader, "Attributes", ref reason);
            else if (reader.TokenType == JsonTokenType.Number)
                unusual |= IsUnusual(reader.ValueSpan);
        }
        while (nested && reader.Read() && reader.CurrentDepth > depth);
        return unusual;
    }

    private void CheckText(scoped ref Utf8JsonReader reader, string subject, scoped ref string? reason)
    {
        // Without an escape there is neither U+0000 nor half a surrogate pair: the one is no JSON, the other no UTF-8.
        if (!reader.ValueIsEscaped)
            return;
        _unescaped.ResetWrittenCount();
        if (!JsonText.TryRead(ref reader, _unescaped, out var text))
            reason ??= $"{subject} holds half a surrogate pair.";
        else if (text.Contains((byte)0))
            reason ??= $"{subject} holds U+0000.";
    }

    private static bool IsUnusual(ReadOnlySpan<byte> number)
    {
        if (number.Length > MaxNumberLength)
            return true;
        var exponent = number.IndexOfAny((byte)'e', (byte)'E');
        return exponent >= 0 && number.Length - exponent - 1 > MaxExponentLength;
    }

    private ReadOnlySpan<byte> Rewrite(ReadOnlySpan<byte> raw, scoped ref string? reason)
    {
        _rewritten.ResetWrittenCount();
        using var writer = new Utf8JsonWriter(_rewritten, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        var reader = new Utf8JsonReader(raw);
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject:
                    writer.WriteStartObject();
                    break;
                case JsonTokenType.EndObject:
                    writer.WriteEndObject();
                    break;
                case JsonTokenType.StartArray:
                    writer.WriteStartArray();
                    break;
                case JsonTokenType.EndArray:
                    writer.WriteEndArray();
                    break;
                case JsonTokenType.PropertyName:
                    writer.WritePropertyName(reader.GetString()!);
                    break;
                case JsonTokenType.String:
                    writer.WriteStringValue(reader.GetString());
                    break;
                case JsonTokenType.Number when IsUnusual(reader.ValueSpan):
                    if (!reader.TryGetDecimal(out var value))
                    {
                        reason = "Attributes holds a number that no decimal can be.";
                        return default;
                    }

                    writer.WriteNumberValue(value);
                    break;
                default:
                    writer.WriteRawValue(reader.ValueSpan);
                    break;
            }
        }

        writer.Flush();
        return _rewritten.WrittenSpan;
    }

    [Flags]
    private enum Members
    {
        None = 0,
        ProductId = 1,
        Price = 2,
        Discount = 4,
    }
}
