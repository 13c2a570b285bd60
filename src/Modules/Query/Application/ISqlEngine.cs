using Pipeline.Query.Contracts;

namespace Pipeline.Query.Application;

/// <summary>An engine that runs statements and changes nothing.</summary>
/// <remarks>Fails with <see cref="SqlFailedException"/> where the statement is to blame, else with Transient- and TerminalException.</remarks>
internal interface ISqlEngine
{
    QueryEngine Engine { get; }

    /// <summary>How many statements it runs at once.</summary>
    int Slots { get; }

    /// <summary>Starts a statement. The token stops it, also later while it is read.</summary>
    Task<ISqlCursor> OpenAsync(SqlRequest request, CancellationToken cancellationToken);

    /// <summary>Runs a statement and writes its rows to a new Parquet file, which is the caller's to delete.</summary>
    Task<string> WriteParquetAsync(SqlRequest request, CancellationToken cancellationToken);

    /// <summary>Its tables. What is not known within the time is left out; false then.</summary>
    Task<(IReadOnlyList<SqlTable> Tables, bool Complete)> ListTablesAsync(CancellationToken timeLimit, CancellationToken cancellationToken);
}

/// <summary>The rows of a statement, for one reader.</summary>
internal interface ISqlCursor : IAsyncDisposable
{
    IReadOnlyList<SqlColumn> Columns { get; }

    /// <summary>The next rows; empty at the end.</summary>
    Task<IReadOnlyList<string?[]>> ReadAsync(int maxRows, CancellationToken cancellationToken);
}

/// <summary>A statement to run.</summary>
/// <param name="Sql">As a person wrote it.</param>
/// <param name="Parameters">Values of <c>$name</c>.</param>
internal sealed record SqlRequest(string Sql, IReadOnlyDictionary<string, object?> Parameters)
{
    public static SqlRequest Of(string sql, IReadOnlyDictionary<string, object?>? parameters) =>
        new(sql, parameters ?? new Dictionary<string, object?>());
}

/// <summary>A statement failed for a reason of its own.</summary>
internal sealed class SqlFailedException(SqlError error, Exception? innerException = null) : TerminalException(error.Sentence, innerException)
{
    public SqlError Error { get; } = error;
}
