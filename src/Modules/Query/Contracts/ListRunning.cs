using MediatR;

namespace Pipeline.Query.Contracts;

/// <summary>The statements that run or wait in this process, the oldest first.</summary>
public sealed record ListRunning : IRequest<IReadOnlyList<RunningSql>>;

/// <summary>A statement that runs or waits.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Engine">Where.</param>
/// <param name="Sql">The statement, at most 2,000 characters of it.</param>
/// <param name="AcceptedAt">When it came.</param>
/// <param name="StartedAt">When it began to run; null while it waits.</param>
/// <param name="Rows">How many rows it gave so far.</param>
/// <param name="IsExport">Whether it writes a download.</param>
public sealed record RunningSql(Guid Id, QueryEngine Engine, string Sql, DateTimeOffset AcceptedAt, DateTimeOffset? StartedAt, long Rows, bool IsExport);
