using System.Text;
using Pipeline.Workflows.Infrastructure.Kinds.Extract.Sources.Files;

namespace Pipeline.Workflows.Infrastructure.Kinds.Extract.Sources;

/// <summary>The CSV in which texts of unknown types lie between a source and DuckDB: every value is quoted, null is <c>\N</c>, there is no header.</summary>
internal sealed class StagedCsv : IAsyncDisposable
{
    /// <summary>What stands for null.</summary>
    public const string Null = @"\N";

    private const int FlushChars = 64 << 10;
    private const int BufferBytes = 256 << 10;
    private const long MostBytesOfAChar = 3;

    private readonly StreamWriter _writer;
    private readonly StringBuilder _line = new();

    private StagedCsv(string file) =>
        _writer = new StreamWriter(
            new FileStream(file, FileMode.CreateNew, FileAccess.Write, FileShare.Read, 0, FileOptions.Asynchronous), new UTF8Encoding(false), BufferBytes);

    /// <summary>The rows written.</summary>
    public long Rows { get; private set; }

    /// <summary>No record is longer, in bytes.</summary>
    public long LongestRecord { get; private set; }

    /// <summary>Makes a file.</summary>
    public static StagedCsv Create(string file) => new(file);

    /// <summary>How it is to be read.</summary>
    /// <param name="names">The columns; null where they are declared.</param>
    /// <param name="longestRecord">The length of the longest record in bytes, or more.</param>
    public static CsvDialect Dialect(IReadOnlyList<string>? names, long longestRecord) =>
        new() { Header = false, Null = Null, KeepsEmptyTexts = true, Names = names, LongestRecord = longestRecord };

    /// <summary>Adds a row; may hold it in memory until the next <see cref="FlushAsync"/>.</summary>
    public void Add(IEnumerable<string?> values)
    {
        var first = true;
        var start = _line.Length;
        foreach (var value in values)
        {
            if (!first)
                _line.Append(',');
            first = false;
            if (value is null)
                _line.Append(Null);
            else
                _line.Append('"').Append(value.Replace("\"", "\"\"", StringComparison.Ordinal)).Append('"');
        }

        _line.Append('\n');
        LongestRecord = Math.Max(LongestRecord, (_line.Length - start) * MostBytesOfAChar);
        Rows++;
    }

    /// <summary>Writes what is in memory, where it is much.</summary>
    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        if (_line.Length < FlushChars)
            return;
        await _writer.WriteAsync(_line, cancellationToken);
        _line.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        await _writer.WriteAsync(_line, CancellationToken.None);
        await _writer.DisposeAsync();
    }
}
