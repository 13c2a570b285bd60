using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Pipeline.Lake;

/// <summary>What COPY tells of one column of a file.</summary>
internal readonly record struct ColumnStatistics(string? Min, string? Max, long? NullCount, bool HasNaN);

/// <summary>
/// Makes the protocol's statistics of a file from what COPY returns. Bounds are never tighter than the data: long texts are cut, times are widened to
/// milliseconds, and what has no safe text form is left out.
/// </summary>
internal static class StatisticsWriter
{
    private const int LongestText = 32;
    private const string AboveAllText = "\U0010FFFF";

    private static readonly JsonWriterOptions _options = new() { Encoder = ActionJson.Encoder, SkipValidation = true };

    /// <summary>Writes the statistics.</summary>
    /// <param name="rows">The rows of the file.</param>
    /// <param name="columns">The columns in the file, in order.</param>
    /// <param name="statistics">What is known of top-level columns.</param>
    /// <param name="indexed">How many leading columns get more than nothing.</param>
    public static string Write(long rows, IReadOnlyList<DeltaField> columns, IReadOnlyDictionary<string, ColumnStatistics> statistics, int indexed)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using var writer = new Utf8JsonWriter(buffer, _options);
        writer.WriteStartObject();
        writer.WriteNumber("numRecords", rows);
        WriteBounds(writer, "minValues", columns.Take(indexed), statistics, Min);
        WriteBounds(writer, "maxValues", columns.Take(indexed), statistics, Max);
        writer.WriteStartObject("nullCount");
        foreach (var column in columns.Take(indexed))
        {
            if (statistics.TryGetValue(column.Name, out var known) && known.NullCount is { } nulls)
                writer.WriteNumber(column.Name, nulls);
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.Flush();
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void WriteBounds(
        Utf8JsonWriter writer,
        string name,
        IEnumerable<DeltaField> columns,
        IReadOnlyDictionary<string, ColumnStatistics> statistics,
        Func<DeltaType, ColumnStatistics, string?> bound)
    {
        writer.WriteStartObject(name);
        foreach (var column in columns)
        {
            if (!statistics.TryGetValue(column.Name, out var known) || bound(column.Type, known) is not { } json)
                continue;
            writer.WritePropertyName(column.Name);
            writer.WriteRawValue(json, skipInputValidation: true);
        }

        writer.WriteEndObject();
    }

    private static string? Min(DeltaType type, ColumnStatistics column) => column.Min is not { } text ? null : type switch
    {
        DeltaPrimitive { Name: "string" } => Quote(CutMin(text)),
        DeltaPrimitive { Name: "timestamp" } => Time(text, roundUp: false),
        _ => Plain(type, text, column.HasNaN),
    };

    private static string? Max(DeltaType type, ColumnStatistics column) => column.Max is not { } text ? null : type switch
    {
        DeltaPrimitive { Name: "string" } => CutMax(text) is { } cut ? Quote(cut) : null,
        DeltaPrimitive { Name: "timestamp" } => Time(text, roundUp: true),
        _ => Plain(type, text, column.HasNaN),
    };

    private static string? Plain(DeltaType type, string text, bool hasNaN) => type switch
    {
        DeltaDecimal or DeltaPrimitive { Name: "long" or "integer" or "short" or "byte" } => IsNumber(text) ? text : null,
        // Readers do not agree where NaN sorts, so nothing is said of a column that holds one.
        DeltaPrimitive { Name: "float" or "double" } => !hasNaN && IsNumber(text) ? text : null,
        DeltaPrimitive { Name: "date" } =>
            DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _) ? Quote(text) : null,
        _ => null,
    };

    // Times of before 1970 too: both roundings go to the outside.
    private static string? Time(string text, bool roundUp)
    {
        if (!DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at))
            return null;
        var rest = at.Ticks % TimeSpan.TicksPerMillisecond;
        var ticks = at.Ticks - rest + (roundUp && rest > 0 ? TimeSpan.TicksPerMillisecond : 0);
        return ticks > DateTime.MaxValue.Ticks
            ? null
            : Quote(new DateTime(ticks, DateTimeKind.Utc).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
    }

    private static string CutMin(string text) => Prefix(text) is var length && length == text.Length ? text : text[..length];

    // All texts with this prefix sort before prefix + the last code point, unless one goes on with that very code point.
    private static string? CutMax(string text)
    {
        var length = Prefix(text);
        if (length == text.Length)
            return text;
        return text.AsSpan(length).StartsWith(AboveAllText, StringComparison.Ordinal) ? null : text[..length] + AboveAllText;
    }

    private static int Prefix(string text)
    {
        var length = 0;
        for (var i = 0; i < LongestText && length < text.Length; i++)
            length += char.IsHighSurrogate(text[length]) && length + 1 < text.Length ? 2 : 1;
        return length;
    }

    private static bool IsNumber(string text)
    {
        try
        {
            var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(text));
            return reader.Read() && reader.TokenType == JsonTokenType.Number && !reader.Read();
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static string Quote(string text) => $"\"{JsonEncodedText.Encode(text, ActionJson.Encoder)}\"";
}
