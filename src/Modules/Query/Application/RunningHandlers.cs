using MediatR;
using Pipeline.Query.Contracts;

namespace Pipeline.Query.Application;

/// <summary>Lists what runs.</summary>
internal sealed class ListRunningHandler(RunningStatements running) : IRequestHandler<ListRunning, IReadOnlyList<RunningSql>>
{
    public Task<IReadOnlyList<RunningSql>> Handle(ListRunning request, CancellationToken cancellationToken) => Task.FromResult(running.List());
}

/// <summary>Stops a statement.</summary>
internal sealed class CancelSqlHandler(RunningStatements running) : IRequestHandler<CancelSql, bool>
{
    public Task<bool> Handle(CancelSql request, CancellationToken cancellationToken) => Task.FromResult(running.Cancel(request.Id));
}
