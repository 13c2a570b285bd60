using System.Buffers;
using System.Text;
using Pipeline.Query.Contracts;

namespace Pipeline.Query.Application;

/// <summary>There is no file.</summary>
internal sealed class FailedExport(SqlError error) : SqlExport
{
    public override SqlError Error => error;

    public override string FileName => "";

    public override string ContentType => "";

    public override Task WriteToAsync(Stream destination, CancellationToken cancellationToken) => throw new SqlFailedException(error);

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>A finished file, which is deleted when it was given.</summary>
internal sealed class FileExport(string file) : SqlExport
{
    public override SqlError? Error => null;

    public override string FileName => "query.parquet";

    public override string ContentType => "application/vnd.apache.parquet";

    public override async Task WriteToAsync(Stream destination, CancellationToken cancellationToken)
    {
        await using var source = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, 0, FileOptions.SequentialScan | FileOptions.Asynchronous);
        await source.CopyToAsync(destination, 1 << 16, cancellationToken);
    }

    public override ValueTask DisposeAsync()
    {
        File.Delete(file);
        return ValueTask.CompletedTask;
    }
}

/// <summary>Rows that become CSV while they are read.</summary>
internal sealed class CsvExport(RunningStatement statement, ISqlCursor cursor) : SqlExport
{
    public override SqlError? Error => null;

    public override string FileName => "query.csv";

    public override string ContentType => "text/csv; charset=utf-8";

    public override async Task WriteToAsync(Stream destination, CancellationToken cancellationToken)
    {
        await using var registration = cancellationToken.UnsafeRegister(static state => ((RunningStatement)state!).Cancel(), statement);
        try
        {
            await CsvText.WriteAsync(cursor, destination, quoteTexts: false, statement.AddRows, statement.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested && statement.StopReason() is { } reason)
        {
            throw new SqlFailedException(reason);
        }
    }

    public override async ValueTask DisposeAsync()
    {
        await cursor.DisposeAsync();
        statement.Dispose();
    }
}

/// <summary>Writes rows as CSV (RFC 4180, line ends are LF).</summary>
internal static class CsvText
{
    private const int RowsAtOnce = 1_000;

    private static readonly SearchValues<char> _special = SearchValues.Create(",\"\r\n");

    /// <summary>Writes a header and all rows.</summary>
    /// <param name="cursor">The rows.</param>
    /// <param name="destination">Takes the bytes.</param>
    /// <param name="quoteTexts">Whether all values are in quotes, so that NULL alone is an empty field for every reader.</param>
    /// <param name="written">Is told how many rows were written.</param>
    /// <param name="cancellationToken">Cancels the work.</param>
    public static async Task WriteAsync(ISqlCursor cursor, Stream destination, bool quoteTexts, Action<int> written, CancellationToken cancellationToken)
    {
        var writer = new StreamWriter(destination, new UTF8Encoding(false), 1 << 16, leaveOpen: true) { NewLine = "\n" };
        await using var disposed = writer.ConfigureAwait(false);
        var line = new StringBuilder();
        Append(line, cursor.Columns.Select(c => (string?)c.Name), quoteTexts);
        await writer.WriteAsync(line, cancellationToken);
        while (await cursor.ReadAsync(RowsAtOnce, cancellationToken) is { Count: > 0 } rows)
        {
            line.Clear();
            foreach (var row in rows)
                Append(line, row, quoteTexts);
            await writer.WriteAsync(line, cancellationToken);
            written(rows.Count);
        }

        await writer.FlushAsync(cancellationToken);
    }

    private static void Append(StringBuilder line, IEnumerable<string?> values, bool quoteTexts)
    {
        var first = true;
        foreach (var value in values)
        {
            if (!first)
                line.Append(',');
            first = false;
            if (value is null)
                continue;
            if (quoteTexts || value.Length == 0 || value.AsSpan().ContainsAny(_special))
                line.Append('"').Append(value.Replace("\"", "\"\"", StringComparison.Ordinal)).Append('"');
            else
                line.Append(value);
        }

        line.Append('\n');
    }
}
