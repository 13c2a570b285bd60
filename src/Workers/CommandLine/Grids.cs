using System.Globalization;
using System.Text.Json;
using Pipeline.Query.Contracts;
using Spectre.Console;

namespace Pipeline.Workers.CommandLine;

/// <summary>Tables on the console.</summary>
internal static class Grids
{
    private static readonly string[] _units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

    /// <summary>A plain table with these heads.</summary>
    public static Table Create(params string[] heads)
    {
        var table = new Table { Border = TableBorder.Simple };
        foreach (var head in heads)
            table.AddColumn(new TableColumn(Markup.Escape(head)));
        return table;
    }

    /// <summary>Texts as they are: what looks like markup is none.</summary>
    public static Text[] Cells(params string[] texts) => [.. texts.Select(t => new Text(t))];

    /// <summary>Rows of JSON, objects of one form, as a table.</summary>
    public static Table OfRows(JsonElement rows)
    {
        var first = rows.EnumerateArray().FirstOrDefault();
        var names = first.ValueKind == JsonValueKind.Object ? first.EnumerateObject().Select(p => p.Name).ToArray() : [];
        var table = Create(names);
        foreach (var row in rows.EnumerateArray())
            table.AddRow(Cells([.. names.Select(name => row.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value.ToString() : "")]));
        return table;
    }

    /// <summary>The rows of a statement as a table.</summary>
    public static Table OfRows(SqlResult result)
    {
        var table = Create([.. result.Columns.Select(c => c.Name)]);
        foreach (var row in result.Rows)
            table.AddRow(Cells([.. row.Select(v => v ?? "")]));
        return table;
    }

    /// <summary>A number of bytes for people.</summary>
    public static string Size(long bytes)
    {
        double size = bytes;
        var unit = 0;
        for (; size >= 1024 && unit < _units.Length - 1; unit++)
            size /= 1024;
        return string.Create(CultureInfo.InvariantCulture, $"{size:0.#} {_units[unit]}");
    }

    /// <summary>A moment in UTC, to the second.</summary>
    public static string Moment(DateTimeOffset? moment) => moment?.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture) ?? "";
}
