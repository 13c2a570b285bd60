using System.Globalization;
using System.Text.RegularExpressions;
using Pipeline.DuckDb;
using Pipeline.Lake;
using Pipeline.Query.Application;
using Pipeline.Query.Contracts;

namespace Pipeline.Query.Infrastructure.Lake;

/// <summary>Makes Parquet of rows that another engine gives: by way of a CSV file, which DuckDB reads with the columns' types.</summary>
internal sealed partial class ParquetFiles(LakeCatalog lake, LakeSqlEngine engine)
{
    /// <summary>Writes all rows to a new file, which is the caller's to delete.</summary>
    public async Task<string> WriteAsync(ISqlCursor rows, CancellationToken cancellationToken)
    {
        var csv = lake.Store.NewStagingPath(".csv");
        Directory.CreateDirectory(Path.GetDirectoryName(csv)!);
        try
        {
            await using (var file = new FileStream(csv, FileMode.CreateNew, FileAccess.Write, FileShare.None, 0))
                await CsvText.WriteAsync(rows, file, quoteTexts: true, _ => { }, cancellationToken);
            return await engine.ConvertAsync(Select(csv, rows.Columns), cancellationToken);
        }
        finally
        {
            File.Delete(csv);
        }
    }

    private static string Select(string csv, IReadOnlyList<SqlColumn> columns)
    {
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var select = columns.Select((c, i) =>
        {
            var name = c.Name.Length == 0 ? "column" : c.Name;
            var unique = name;
            for (var n = 1; !names.Add(unique); n++)
                unique = string.Create(CultureInfo.InvariantCulture, $"{name}_{n}");
            return string.Create(CultureInfo.InvariantCulture, $"c{i} AS {Sql.Identifier(unique)}");
        });
        var types = columns.Select((c, i) => string.Create(CultureInfo.InvariantCulture, $"'c{i}': '{TypeOf(c.Type)}'"));
        return $"SELECT {string.Join(", ", select)} FROM read_csv({Sql.Literal(csv)}, columns = {{{string.Join(", ", types)}}}, "
            + "header = true, delim = ',', quote = '\"', escape = '\"', nullstr = '', allow_quoted_nulls = false, auto_detect = false, parallel = false)";
    }

    private static string TypeOf(string type)
    {
        if (Numeric().Match(type) is { Success: true } numeric && int.Parse(numeric.Groups["precision"].Value, CultureInfo.InvariantCulture) is >= 1 and <= 38)
            return $"DECIMAL({numeric.Groups["precision"].Value},{(numeric.Groups["scale"] is { Success: true, Value: var scale } ? scale : "0")})";
        return type switch
        {
            "boolean" => "BOOLEAN",
            "smallint" => "SMALLINT",
            "integer" => "INTEGER",
            "bigint" or "oid" => "BIGINT",
            "real" => "FLOAT",
            "double precision" or "numeric" => "DOUBLE",
            "date" => "DATE",
            "timestamp" or "timestamp without time zone" => "TIMESTAMP",
            "timestamp with time zone" => "TIMESTAMP WITH TIME ZONE",
            _ => "VARCHAR",
        };
    }

    [GeneratedRegex(@"^numeric\((?<precision>\d{1,4})(,\s*(?<scale>\d{1,4}))?\)$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Numeric();
}
