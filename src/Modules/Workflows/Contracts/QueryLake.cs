using MediatR;

namespace Pipeline.Workflows.Contracts;

/// <summary>Runs SQL of DuckDB over the lake, as a task of kind <c>sql</c> would: <c>lake('path')</c> is a table. Nothing of it lasts.</summary>
/// <param name="Sql">Statements; the rows are those of the last one, a SELECT.</param>
/// <param name="Limit">The most rows.</param>
public sealed record QueryLake(string Sql, int Limit = 1_000) : IRequest<TaskRows>;
