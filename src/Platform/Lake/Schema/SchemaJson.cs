using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Pipeline.Lake;

/// <summary>The protocol's JSON form of schemas and types ("Schema Serialization Format").</summary>
internal static class SchemaJson
{
    private static readonly JsonWriterOptions _writerOptions = new() { Encoder = ActionJson.Encoder };

    public static DeltaSchema Parse(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return ParseType(document.RootElement, "") is DeltaStruct root
                ? new DeltaSchema(root.Fields)
                : throw new TerminalException("The schema of the table is not a struct.");
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new TerminalException($"The schema of the table cannot be read: {e.Message}", e);
        }
    }

    public static string Write(DeltaSchema schema)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, _writerOptions))
            WriteType(writer, schema.Struct);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    public static string Describe(DeltaType type) => type switch
    {
        DeltaPrimitive p => p.Name,
        DeltaDecimal d => $"decimal({d.Precision},{d.Scale})",
        DeltaArray a => $"array<{Describe(a.Element)}>",
        DeltaMap m => $"map<{Describe(m.Key)}, {Describe(m.Value)}>",
        DeltaStruct s => $"struct<{string.Join(", ", s.Fields.Select(f => $"{f.Name}: {Describe(f.Type)}"))}>",
        _ => throw new TerminalException($"{type.GetType().Name} is not a type of Delta tables."),
    };

    private static DeltaType ParseType(JsonElement element, string column)
    {
        if (element.ValueKind == JsonValueKind.String)
            return ParsePrimitive(element.GetString()!, column);
        return element.GetProperty("type").GetString() switch
        {
            "struct" => new DeltaStruct([.. element.GetProperty("fields").EnumerateArray().Select(f => ParseField(f, column))]),
            "array" => new DeltaArray(
                ParseType(element.GetProperty("elementType"), column + ".element"), Flag(element, "containsNull")),
            "map" => new DeltaMap(
                ParseType(element.GetProperty("keyType"), column + ".key"),
                ParseType(element.GetProperty("valueType"), column + ".value"),
                Flag(element, "valueContainsNull")),
            var other => throw new TerminalException($"Column '{column}' is of type '{other}', which this implementation of Delta does not know."),
        };
    }

    private static DeltaField ParseField(JsonElement element, string parent)
    {
        var name = element.GetProperty("name").GetString()!;
        var metadata = ImmutableSortedDictionary<string, JsonElement>.Empty;
        if (element.TryGetProperty("metadata", out var given) && given.ValueKind == JsonValueKind.Object)
            metadata = metadata.AddRange(given.EnumerateObject().Select(p => KeyValuePair.Create(p.Name, p.Value.Clone())));
        var path = parent.Length == 0 ? name : $"{parent}.{name}";
        return new DeltaField(name, ParseType(element.GetProperty("type"), path), Flag(element, "nullable")) { Metadata = metadata };
    }

    private static bool Flag(JsonElement element, string name) => !element.TryGetProperty(name, out var value) || value.GetBoolean();

    private static DeltaType ParsePrimitive(string name, string column)
    {
        DeltaType? type = name switch
        {
            "string" => DeltaType.String,
            "long" => DeltaType.Long,
            "integer" => DeltaType.Integer,
            "short" => DeltaType.Short,
            "byte" => DeltaType.Byte,
            "float" => DeltaType.Float,
            "double" => DeltaType.Double,
            "boolean" => DeltaType.Boolean,
            "binary" => DeltaType.Binary,
            "date" => DeltaType.Date,
            "timestamp" => DeltaType.Timestamp,
            "decimal" => DeltaType.Decimal(10, 0),
            _ => null,
        };
        if (type is not null)
            return type;
        if (name.StartsWith("decimal(", StringComparison.Ordinal) && name.EndsWith(')')
            && name["decimal(".Length..^1].Split(',') is [var precision, var scale]
            && int.TryParse(precision, NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var p)
            && int.TryParse(scale, NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var s))
            return DeltaType.Decimal(p, s);
        throw new TerminalException($"Column '{column}' is of type '{name}', which this implementation of Delta does not know.");
    }

    private static void WriteType(Utf8JsonWriter writer, DeltaType type)
    {
        switch (type)
        {
            case DeltaStruct s:
                writer.WriteStartObject();
                writer.WriteString("type", "struct");
                writer.WriteStartArray("fields");
                foreach (var field in s.Fields)
                    WriteField(writer, field);
                writer.WriteEndArray();
                writer.WriteEndObject();
                break;
            case DeltaArray a:
                writer.WriteStartObject();
                writer.WriteString("type", "array");
                writer.WritePropertyName("elementType");
                WriteType(writer, a.Element);
                writer.WriteBoolean("containsNull", a.ContainsNull);
                writer.WriteEndObject();
                break;
            case DeltaMap m:
                writer.WriteStartObject();
                writer.WriteString("type", "map");
                writer.WritePropertyName("keyType");
                WriteType(writer, m.Key);
                writer.WritePropertyName("valueType");
                WriteType(writer, m.Value);
                writer.WriteBoolean("valueContainsNull", m.ValueContainsNull);
                writer.WriteEndObject();
                break;
            default:
                writer.WriteStringValue(Describe(type));
                break;
        }
    }

    private static void WriteField(Utf8JsonWriter writer, DeltaField field)
    {
        writer.WriteStartObject();
        writer.WriteString("name", field.Name);
        writer.WritePropertyName("type");
        WriteType(writer, field.Type);
        writer.WriteBoolean("nullable", field.Nullable);
        writer.WriteStartObject("metadata");
        foreach (var (key, value) in field.Metadata)
        {
            writer.WritePropertyName(key);
            value.WriteTo(writer);
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
