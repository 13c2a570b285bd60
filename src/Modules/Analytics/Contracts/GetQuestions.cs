using MediatR;

namespace Pipeline.Analytics.Contracts;

/// <summary>Asks which questions there are, with the SQL that answers each.</summary>
public sealed record GetQuestions : IRequest<IReadOnlyList<AnalyticsQuestion>>;

/// <summary>A question.</summary>
/// <param name="Name">Its name, the last part of its path.</param>
/// <param name="Path">Where it is answered.</param>
/// <param name="Description">What it asks, in a sentence.</param>
/// <param name="Engine">What runs the SQL: <c>DuckDB</c> over the lake or <c>PostgreSQL</c> over the warehouse.</param>
/// <param name="Parameters">What the query string may hold.</param>
/// <param name="Sql">The SQL, with parameters.</param>
/// <param name="Views">The views that the SQL reads; views may read one another.</param>
public sealed record AnalyticsQuestion(
    string Name, string Path, string Description, string Engine, IReadOnlyList<QuestionParameter> Parameters, string Sql, IReadOnlyList<QuestionView> Views);

/// <summary>A parameter of a question.</summary>
/// <param name="Name">Its name in the query string.</param>
/// <param name="Description">What it means, its bounds and its default.</param>
public sealed record QuestionParameter(string Name, string Description);

/// <summary>A view that a question reads.</summary>
/// <param name="Name">The view's name.</param>
/// <param name="Sql">The SELECT behind it.</param>
public sealed record QuestionView(string Name, string Sql);
