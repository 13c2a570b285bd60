using System.Text.Json.Serialization;
using MediatR;

namespace Pipeline.Query.Contracts;

/// <summary>Runs one SELECT and gives all its rows as a file. No limit of rows; limits of time and size are the configuration's.</summary>
/// <param name="Engine">Where.</param>
/// <param name="Sql">The statement.</param>
/// <param name="Format">The format.</param>
/// <param name="Parameters">Values of <c>$name</c>.</param>
public sealed record ExportSql(QueryEngine Engine, string Sql, ExportFormat Format, IReadOnlyDictionary<string, object?>? Parameters = null) : IRequest<SqlExport>;

/// <summary>The formats of exports.</summary>
[JsonConverter(typeof(LowerCaseEnumConverter<ExportFormat>))]
public enum ExportFormat
{
    /// <summary>CSV with a header, RFC 4180, UTF-8; NULL is an empty field, an empty text is <c>""</c>.</summary>
    Csv,

    /// <summary>Parquet, compressed with zstd.</summary>
    Parquet,
}

/// <summary>A file to be written, or why there is none. Dispose it: it holds the statement.</summary>
public abstract class SqlExport : IAsyncDisposable
{
    /// <summary>Why there is no file; null where there is one.</summary>
    public abstract SqlError? Error { get; }

    /// <summary>The file's name.</summary>
    public abstract string FileName { get; }

    /// <summary>The file's media type.</summary>
    public abstract string ContentType { get; }

    /// <summary>Writes the file; once.</summary>
    /// <exception cref="TerminalException">The statement failed on the way, its limit of time included; what was written is not whole.</exception>
    public abstract Task WriteToAsync(Stream destination, CancellationToken cancellationToken);

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();
}
