using MediatR;

namespace Pipeline.Query.Contracts;

/// <summary>Stops a statement that runs or waits. True where there was one of this id.</summary>
/// <param name="Id">The id of <see cref="SqlAccepted"/> or <see cref="ListRunning"/>.</param>
public sealed record CancelSql(Guid Id) : IRequest<bool>;
