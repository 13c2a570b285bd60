using MediatR;

namespace Pipeline.Query.Contracts;

/// <summary>
/// Runs one SELECT, read-only, and streams what comes of it: <see cref="SqlAccepted"/>, <see cref="SqlColumns"/>, any number of <see cref="SqlRows"/>, and at the
/// end <see cref="SqlFinished"/> or <see cref="SqlFailed"/>. The statement runs while the stream is read; leaving the stream, or the token, stops it.
/// </summary>
/// <remarks>
/// Over the lake, <c>raw.purchased_items</c> is the table at the path <c>raw/purchased_items</c>; <c>lake('raw/purchased_items', 3)</c> is its version 3.
/// <c>$name</c> is a parameter.
/// </remarks>
/// <param name="Engine">Where.</param>
/// <param name="Sql">The statement: SELECT, WITH, VALUES, FROM, DESCRIBE, SUMMARIZE or EXPLAIN of these.</param>
/// <param name="Parameters">Values of <c>$name</c>: texts, numbers, true, false, moments, null.</param>
/// <param name="MaxRows">The most rows, 1 to 100,000 unless configured otherwise; more rows end in <see cref="SqlFinished.Truncated"/>.</param>
public sealed record RunSql(QueryEngine Engine, string Sql, IReadOnlyDictionary<string, object?>? Parameters = null, int MaxRows = RunSql.DefaultMaxRows)
    : IRequest<IAsyncEnumerable<SqlEvent>>
{
    /// <summary>The most rows where a request does not say.</summary>
    public const int DefaultMaxRows = 1_000;
}
