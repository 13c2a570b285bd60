using System.Globalization;
using Pipeline.DuckDb;

namespace Pipeline.Lake;

/// <summary>Partition values between the text of logs ("Partition Value Serialization"), DuckDB and folder names.</summary>
internal static class PartitionValue
{
    private const string Iso = "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'";

    /// <summary>True for types whose text form is one to one, so that equal values make equal partitions.</summary>
    public static bool Supports(DeltaType type) =>
        type is DeltaDecimal or DeltaPrimitive { Name: not ("float" or "double" or "binary") };

    /// <summary>The text for the log of what DuckDB's cast to VARCHAR gives. The empty text is the null partition in every type.</summary>
    public static string? FromDuckDb(string? text, DeltaType type, string column)
    {
        if (string.IsNullOrEmpty(text))
            return null;
        if (type != DeltaType.Timestamp)
            return text;
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at)
            ? at.ToString(Iso, CultureInfo.InvariantCulture)
            : throw new TerminalException($"Partition column '{column}': '{text}' is beyond the times that a partition can have.");
    }

    /// <summary>The folder of a partition: <c>column=value/column=value</c>, plain (not URI-encoded a second time).</summary>
    public static string Folder(IEnumerable<string> columns, IReadOnlyDictionary<string, string?> values) =>
        string.Join('/', columns.Select(c => $"{UriPath.EscapeName(c)}={Segment(values[c])}"));

    /// <summary>Tells the partitions of a table apart.</summary>
    public static string Key(IEnumerable<string> columns, DeltaFile file) =>
        string.Join('\0', columns.Select(c => file.PartitionValues.GetValueOrDefault(c) ?? ""));

    /// <summary>The value as a typed SQL expression.</summary>
    public static string ToSql(string? value, DeltaType type) =>
        string.IsNullOrEmpty(value) ? $"CAST(NULL AS {type.ToSql()})"
        : type == DeltaType.String ? Sql.Literal(value)
        : $"CAST({Sql.Literal(value)} AS {type.ToSql()})";

    private static string Segment(string? value) => string.IsNullOrEmpty(value) ? UriPath.NullPartition : UriPath.EscapeName(value);
}
