using MediatR;

namespace Pipeline.Query.Contracts;

/// <summary>
/// The tables of both engines with their columns, for completion. Answers within a second: columns of lake tables that were not read by then are missing for
/// now, and there the next time.
/// </summary>
public sealed record GetSqlSchema : IRequest<SqlSchema>;

/// <summary>The tables of both engines.</summary>
/// <param name="Engines">What each of them has; an engine that cannot be reached says why.</param>
/// <param name="Complete">False where columns are missing for now: ask again.</param>
public sealed record SqlSchema(IReadOnlyList<SqlEngineSchema> Engines, bool Complete);

/// <summary>The tables of an engine.</summary>
/// <param name="Engine">The engine.</param>
/// <param name="Tables">The tables, by name.</param>
/// <param name="Error">Why they are not known; null where they are.</param>
public sealed record SqlEngineSchema(QueryEngine Engine, IReadOnlyList<SqlTable> Tables, string? Error = null);

/// <summary>A table.</summary>
/// <param name="Name">As a statement names it, quoted where it must be: <c>raw.purchased_items</c>.</param>
/// <param name="Path">Its path in the lake; null in the warehouse.</param>
/// <param name="Version">Its version in the lake; null in the warehouse and where it is not known yet.</param>
/// <param name="Columns">Its columns; null where they are not known yet.</param>
public sealed record SqlTable(string Name, string? Path, long? Version, IReadOnlyList<SqlTableColumn>? Columns);

/// <summary>A column of a table.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its type as the engine writes it.</param>
public sealed record SqlTableColumn(string Name, string Type);
