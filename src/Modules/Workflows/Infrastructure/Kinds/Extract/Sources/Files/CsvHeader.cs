using System.Text;

namespace Pipeline.Workflows.Infrastructure.Kinds.Extract.Sources.Files;

/// <summary>Reads the first record of a CSV file.</summary>
internal static class CsvHeader
{
    private const int LongestHeader = 64 << 10;

    private static readonly char[] _lineBreaks = ['\r', '\n'];

    /// <summary>The values of the first record, as they are; none where the file is empty.</summary>
    public static async Task<IReadOnlyList<string>> ReadAsync(InputFile file, CsvDialect dialect, CancellationToken cancellationToken)
    {
        var encoding = dialect.Encoding switch { "utf-16" => Encoding.Unicode, "latin-1" => Encoding.Latin1, _ => Encoding.UTF8 };
        await using var stream = file.Open();
        using var reader = new StreamReader(stream, encoding);

        // No more than that, as a file that is no CSV may have no line at all.
        var buffer = new char[LongestHeader];
        var text = new string(buffer, 0, await reader.ReadBlockAsync(buffer, cancellationToken));
        for (var end = text.IndexOfAny(_lineBreaks); end >= 0; end = text.IndexOfAny(_lineBreaks, end + 1))
        {
            if (Split(text[..end], dialect) is { } values)
                return values;
        }

        return text.Length < LongestHeader && text.Length > 0 && Split(text, dialect) is { } last ? last : [];
    }

    /// <summary>The values of a record; null where a quote is still open.</summary>
    public static IReadOnlyList<string>? Split(string record, CsvDialect dialect)
    {
        var (quote, escape) = (dialect.Quote[0], dialect.Escape[0]);
        var values = new List<string>();
        var value = new StringBuilder();
        var quoted = false;
        for (var at = 0; at < record.Length; at++)
        {
            if (quoted && record[at] == escape && at + 1 < record.Length && record[at + 1] == quote)
            {
                value.Append(quote);
                at++;
            }
            else if (record[at] == quote && (quoted || value.Length == 0))
            {
                quoted = !quoted;
            }
            else if (!quoted && string.CompareOrdinal(record, at, dialect.Delimiter, 0, dialect.Delimiter.Length) == 0)
            {
                values.Add(value.ToString());
                value.Clear();
                at += dialect.Delimiter.Length - 1;
            }
            else
            {
                value.Append(record[at]);
            }
        }

        values.Add(value.ToString());
        return quoted ? null : values;
    }
}
