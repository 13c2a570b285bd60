using Pipeline.DuckDb;

namespace Pipeline.Workflows.Infrastructure.Kinds.Engine;

/// <summary>How CSV is written by COPY.</summary>
internal static class CsvWriting
{
    /// <summary>What a delimiter must be.</summary>
    public const string DelimiterRule = "A delimiter is one character of ASCII other than a quote and a line break.";

    /// <summary>Whether a text is a delimiter. DuckDB would write only the first character of a longer one.</summary>
    public static bool IsDelimiter(string delimiter) => delimiter.Length == 1 && char.IsAscii(delimiter[0]) && delimiter[0] is not ('"' or '\r' or '\n');

    /// <summary>The options of COPY by settings: <c>delimiter</c>, <c>header</c>, <c>null</c>, <c>date_format</c>.</summary>
    public static string Options(KindSettings settings)
    {
        var delimiter = settings.Text("delimiter") ?? ",";
        if (!IsDelimiter(delimiter))
            throw new TerminalException($"{settings.FieldOf("delimiter")} is '{delimiter}'. {DelimiterRule}");
        var options = $"FORMAT csv, DELIMITER {Sql.Literal(delimiter)}, HEADER {(settings.Flag("header") ?? true ? "true" : "false")}";
        if (settings.Text("null") is { } text)
            options += $", NULLSTR {Sql.Literal(text)}";
        if (settings.Text("date_format") is { } format)
            options += $", DATEFORMAT {Sql.Literal(format)}";
        return options;
    }
}
