using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Events.Contracts;

/// <summary>Writes bytes that are JSON already as they are; reads a value into bytes.</summary>
internal sealed class RawJsonConverter : JsonConverter<ReadOnlyMemory<byte>>
{
    public override ReadOnlyMemory<byte> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
            document.WriteTo(writer);
        return stream.ToArray();
    }

    public override void Write(Utf8JsonWriter writer, ReadOnlyMemory<byte> value, JsonSerializerOptions options) =>
        writer.WriteRawValue(value.Span, skipInputValidation: true);
}
