namespace Pipeline.Query.Contracts;

/// <summary>Something that comes of a statement.</summary>
public abstract record SqlEvent;

/// <summary>The statement is known by an id, by which <see cref="CancelSql"/> stops it; it runs, or waits for its turn.</summary>
/// <param name="Id">The id.</param>
/// <param name="Waits">True where others are before it.</param>
public sealed record SqlAccepted(Guid Id, bool Waits) : SqlEvent;

/// <summary>The columns; once, before all rows.</summary>
/// <param name="Columns">The columns; names may repeat.</param>
public sealed record SqlColumns(IReadOnlyList<SqlColumn> Columns) : SqlEvent;

/// <summary>The next rows.</summary>
/// <param name="Rows">
/// Their values as text, null for NULL, by <see cref="SqlColumn.Kind"/>: numbers as JSON has them (and NaN, Infinity), <c>true</c> and <c>false</c>, moments as
/// <c>2026-01-31T10:15:30.25Z</c> (without Z where the type has no zone), days as <c>2026-01-31</c>. A value that is longer than the limit of cells is cut and
/// ends in an ellipsis.
/// </param>
public sealed record SqlRows(IReadOnlyList<IReadOnlyList<string?>> Rows) : SqlEvent;

/// <summary>The end of a statement that went well.</summary>
/// <param name="Elapsed">The time that it ran, the waiting for its turn aside.</param>
/// <param name="RowCount">How many rows were given.</param>
/// <param name="Truncated">True where there are more rows than were given.</param>
/// <param name="CutCells">How many values were cut.</param>
public sealed record SqlFinished(TimeSpan Elapsed, long RowCount, bool Truncated, long CutCells) : SqlEvent;

/// <summary>The end of a statement that failed or was stopped.</summary>
/// <param name="Error">Why.</param>
/// <param name="Elapsed">The time that it ran.</param>
public sealed record SqlFailed(SqlError Error, TimeSpan Elapsed) : SqlEvent;

/// <summary>A column of a result.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its type as the engine writes it: <c>DECIMAL(18,2)</c>, <c>timestamp with time zone</c>.</param>
/// <param name="Kind">What its values are.</param>
public sealed record SqlColumn(string Name, string Type, SqlColumnKind Kind);
