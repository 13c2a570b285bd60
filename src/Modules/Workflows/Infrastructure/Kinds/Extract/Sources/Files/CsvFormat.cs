using System.Globalization;
using System.Text;
using Pipeline.DuckDb;
using Pipeline.Workflows.Infrastructure.Kinds.Engine;

namespace Pipeline.Workflows.Infrastructure.Kinds.Extract.Sources.Files;

/// <summary>How CSV is written.</summary>
internal sealed record CsvDialect
{
    public string Delimiter { get; init; } = ",";

    public string Quote { get; init; } = "\"";

    public string Escape { get; init; } = "\"";

    public bool Header { get; init; } = true;

    /// <summary>A text that stands for null, besides nothing at all.</summary>
    public string? Null { get; init; }

    public string Encoding { get; init; } = "utf-8";

    /// <summary>The names of the columns where there is no header.</summary>
    public IReadOnlyList<string>? Names { get; init; }

    /// <summary>Whether a quoted text of nothing is a text and not null.</summary>
    public bool KeepsEmptyTexts { get; init; }

    /// <summary>The length in bytes of the longest record, where it is known; by default DuckDB takes up to 2 MB.</summary>
    public long LongestRecord { get; init; }

    /// <summary>Reads the settings of a source.</summary>
    public static CsvDialect Read(KindSettings? settings) => settings is not { } given ? new CsvDialect() : new CsvDialect
    {
        Delimiter = given.Text("delimiter") ?? ",",
        Quote = given.Text("quote") ?? "\"",
        Escape = given.Text("escape") ?? given.Text("quote") ?? "\"",
        Header = given.Flag("header") ?? true,
        Null = given.Text("null"),
        Encoding = given.Text("encoding") ?? "utf-8",
    };
}

/// <summary>Reads CSV with DuckDB: strictly, with the dialect that is told and never a guessed one, in bounded memory.</summary>
internal static class CsvFormat
{
    private const int InferAll = -1;

    // DuckDB's own: each thread holds several buffers of sixteen times it, which this makes a quarter.
    private const long LongestLine = 2_000_000;
    private const long BufferBytes = 8 << 20;

    /// <summary>The rows of some files that have the same columns by name.</summary>
    public static async Task<SqlQuery> OpenAsync(
        SqlSession session, string name, IReadOnlyList<InputFile> files, CsvDialect dialect, IReadOnlyList<KeyValuePair<string, string>> declared,
        CancellationToken cancellationToken)
    {
        foreach (var file in files)
        {
            session.Name(file.Local, file.Name);
            if (dialect.Header && new FileInfo(file.Local).Length == 0)
                throw new TerminalException($"{file.Name} is empty: it has no line that names the columns.");
        }

        if (!dialect.Header && dialect.Names is null && declared.Count > 0)
            return new SqlQuery($"SELECT * FROM {Reader(files, dialect, declared, null, positions: true)}", name);

        if (files.Count == 1 && dialect.Header && await AllDeclaredAsync(files[0], dialect, declared, cancellationToken) is { } all)
            return new SqlQuery($"SELECT * FROM {Reader(files, dialect, all, null, positions: true)}", name);

        // Types that are declared hold while the others are found, so that a wrong value is told with its line.
        IReadOnlyList<(string Name, string Type)> columns;
        try
        {
            columns = await session.InferAsync(
                new SqlQuery($"SELECT * FROM {Reader(files, dialect, declared, InferAll, positions: false)}", name), cancellationToken);
        }
        catch (TerminalException)
        {
            // Of columns that are not there, and of small files that are no such CSV, DuckDB says less than is known.
            await RefuseAsync(session, name, files, dialect, declared, cancellationToken);
            throw;
        }

        // What was found is said from here on: the files are not searched each time that they are named.
        var types = Columns.Merge(columns, declared);
        return new SqlQuery(
            files.Count == 1
                ? $"SELECT * FROM {Reader(files, dialect, types, null, positions: true)}"
                : $"SELECT * FROM {Reader(files, dialect, types, 1, positions: false)}",
            name);
    }

    /// <summary>The columns of a file in its order, where the type of each is declared; null where some are to be found.</summary>
    private static async Task<IReadOnlyList<KeyValuePair<string, string>>?> AllDeclaredAsync(
        InputFile file, CsvDialect dialect, IReadOnlyList<KeyValuePair<string, string>> declared, CancellationToken cancellationToken)
    {
        if (declared.Count == 0)
            return null;
        var names = await CsvHeader.ReadAsync(file, dialect, cancellationToken);
        if (names.Count != declared.Count || names.Distinct(StringComparer.OrdinalIgnoreCase).Count() < names.Count)
            return null;
        var all = Columns.Merge(names.Select(n => (n, "")), declared);
        return all.Any(c => c.Value.Length == 0) ? null : all;
    }

    /// <summary>Finds out what is wrong with the files, with the columns that their first lines name.</summary>
    private static async Task RefuseAsync(
        SqlSession session, string name, IReadOnlyList<InputFile> files, CsvDialect dialect, IReadOnlyList<KeyValuePair<string, string>> declared,
        CancellationToken cancellationToken)
    {
        var all = new List<string>();
        foreach (var file in files)
        {
            var names = await CsvHeader.ReadAsync(file, dialect, cancellationToken);
            all.AddRange(names);
            var texts = names.Select((n, i) => KeyValuePair.Create(string.Create(CultureInfo.InvariantCulture, $"{i}:{n}"), "VARCHAR")).ToList();
            if (texts.Count > 0)
                await session.ExecuteAsync(
                    new SqlQuery("", name), $"SELECT count(*) FROM {Reader([file], dialect, texts, null, positions: true)}", cancellationToken);
        }

        if (dialect.Header)
            Columns.RefuseMissing(name, all.Distinct(StringComparer.OrdinalIgnoreCase), declared);
    }

    /// <summary>The table function.</summary>
    /// <param name="files">The files.</param>
    /// <param name="dialect">How they are written.</param>
    /// <param name="types">Types of columns.</param>
    /// <param name="sample">Rows to find other types from, -1 for all; null finds none.</param>
    /// <param name="positions">Whether <paramref name="types"/> are all columns, in the files' order.</param>
    private static string Reader(
        IReadOnlyList<InputFile> files, CsvDialect dialect, IReadOnlyList<KeyValuePair<string, string>> types, int? sample, bool positions)
    {
        var sql = new StringBuilder($"read_csv({FileList.Of(files.Select(f => f.Local))}");
        sql.Append($", delim = {Sql.Literal(dialect.Delimiter)}, quote = {Sql.Literal(dialect.Quote)}, escape = {Sql.Literal(dialect.Escape)}");
        sql.Append($", header = {Flag(dialect.Header)}");
        sql.Append($", hive_partitioning = false, skip = 0, strict_mode = true, null_padding = false, encoding = {Sql.Literal(dialect.Encoding)}");
        sql.Append($", nullstr = {(dialect.Null is { Length: > 0 } text ? $"['', {Sql.Literal(text)}]" : "''")}");
        sql.Append($", allow_quoted_nulls = {Flag(!dialect.KeepsEmptyTexts)}");
        var longest = Math.Max(LongestLine, dialect.LongestRecord + 1);
        sql.Append(CultureInfo.InvariantCulture, $", max_line_size = {longest}, buffer_size = {Math.Max(BufferBytes, 2 * longest)}");
        if (files.Any(f => f.IsGzip))
            sql.Append(", compression = 'gzip'");
        if (positions)
            return sql.Append($", auto_detect = false, columns = {Columns.Map(types)})").ToString();

        // A date is what ISO 8601 says: whether 01/02 is in January is not to be guessed.
        sql.Append(CultureInfo.InvariantCulture, $", sample_size = {sample}, dateformat = '%Y-%m-%d', union_by_name = {Flag(files.Count > 1)}");
        if (dialect.Names is { } names)
            sql.Append($", names = [{string.Join(", ", names.Select(Sql.Literal))}]");
        if (types.Count > 0)
            sql.Append($", types = {Columns.Map(types)}");
        return sql.Append(')').ToString();
    }

    private static string Flag(bool value) => value ? "true" : "false";
}
