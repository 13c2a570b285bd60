using System.Text;
using System.Text.Json;
using Pipeline.Query.Contracts;

namespace Pipeline.Workers.CommandLine.Lake;

/// <summary>Writes the rows of a statement as an array of objects; a name that repeats gets <c>_1</c>, <c>_2</c>.</summary>
internal static class SqlRowsJson
{
    public static string Write(SqlResult result)
    {
        var names = Names(result.Columns);
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartArray();
            foreach (var row in result.Rows)
            {
                json.WriteStartObject();
                for (var i = 0; i < names.Count; i++)
                {
                    json.WritePropertyName(names[i]);
                    Write(json, row[i], result.Columns[i].Kind);
                }

                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    private static void Write(Utf8JsonWriter json, string? value, SqlColumnKind kind)
    {
        switch (kind)
        {
            case var _ when value is null:
                json.WriteNullValue();
                break;
            case SqlColumnKind.Boolean:
                json.WriteBooleanValue(value == "true");
                break;

            // Not NaN and Infinity, nor JSON that was cut.
            case SqlColumnKind.Number when char.IsAsciiDigit(value[^1]):
            case SqlColumnKind.Json when value[^1] != '…':
                json.WriteRawValue(value);
                break;
            default:
                json.WriteStringValue(value);
                break;
        }
    }

    private static List<string> Names(IReadOnlyList<SqlColumn> columns)
    {
        var taken = new HashSet<string>(StringComparer.Ordinal);
        var names = new List<string>(columns.Count);
        foreach (var column in columns)
        {
            var unique = column.Name;
            for (var n = 1; !taken.Add(unique); n++)
                unique = $"{column.Name}_{n}";
            names.Add(unique);
        }

        return names;
    }
}
