using System.Text;
using System.Text.Json;

namespace Pipeline.Lake;

/// <summary>Reads the statistics of a file as far as the planning of reads needs them.</summary>
internal sealed class FileStatistics
{
    private readonly JsonElement _root;

    private FileStatistics(JsonElement root) => _root = root;

    /// <summary>Reads them; null where there are none or they cannot be read: then nothing may be concluded about the file.</summary>
    public static FileStatistics? Parse(string? json)
    {
        if (string.IsNullOrEmpty(json))
            return null;
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind == JsonValueKind.Object ? new FileStatistics(document.RootElement.Clone()) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The number of rows, without reading the rest.</summary>
    public static long? ReadNumRecords(string? json)
    {
        if (string.IsNullOrEmpty(json))
            return null;
        try
        {
            var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(json));
            while (reader.Read())
            {
                if (reader.TokenType != JsonTokenType.PropertyName || reader.CurrentDepth != 1)
                    continue;
                if (reader.ValueTextEquals("numRecords"u8))
                    return reader.Read() && reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var rows) ? rows : null;
                reader.Skip();
            }

            return null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The number of rows.</summary>
    public long? NumRecords =>
        _root.TryGetProperty("numRecords", out var rows) && rows.ValueKind == JsonValueKind.Number && rows.TryGetInt64(out var n) ? n : null;

    /// <summary>The smallest value of a top-level column, or a text before it.</summary>
    public JsonElement? Min(string column) => Of("minValues", column);

    /// <summary>The largest value of a top-level column; texts and times may be cut.</summary>
    public JsonElement? Max(string column) => Of("maxValues", column);

    /// <summary>How many values of a top-level column are null.</summary>
    public long? NullCount(string column) =>
        Of("nullCount", column) is { ValueKind: JsonValueKind.Number } count && count.TryGetInt64(out var n) ? n : null;

    private JsonElement? Of(string kind, string column) =>
        _root.TryGetProperty(kind, out var values) && values.ValueKind == JsonValueKind.Object
            && values.TryGetProperty(column, out var value) && value.ValueKind is not JsonValueKind.Null
            ? value
            : null;
}
