namespace Pipeline.Query.Contracts;

/// <summary>All that came of a statement, for who does not want it bit by bit.</summary>
/// <param name="Columns">The columns; empty where it failed before they were known.</param>
/// <param name="Rows">The rows that came.</param>
/// <param name="Elapsed">The time that it ran.</param>
/// <param name="Truncated">True where there are more rows.</param>
/// <param name="Error">Why it failed; null where it did not.</param>
public sealed record SqlResult(
    IReadOnlyList<SqlColumn> Columns, IReadOnlyList<IReadOnlyList<string?>> Rows, TimeSpan Elapsed, bool Truncated, SqlError? Error)
{
    /// <summary>Reads a stream of <see cref="RunSql"/> to its end.</summary>
    public static async Task<SqlResult> ReadAsync(IAsyncEnumerable<SqlEvent> events, CancellationToken cancellationToken = default)
    {
        IReadOnlyList<SqlColumn> columns = [];
        var rows = new List<IReadOnlyList<string?>>();
        await foreach (var next in events.WithCancellation(cancellationToken))
        {
            switch (next)
            {
                case SqlColumns found:
                    columns = found.Columns;
                    break;
                case SqlRows more:
                    rows.AddRange(more.Rows);
                    break;
                case SqlFinished finished:
                    return new SqlResult(columns, rows, finished.Elapsed, finished.Truncated, null);
                case SqlFailed failed:
                    return new SqlResult(columns, rows, failed.Elapsed, false, failed.Error);
            }
        }

        throw new InvalidOperationException("The stream of a statement ended without its end.");
    }
}
