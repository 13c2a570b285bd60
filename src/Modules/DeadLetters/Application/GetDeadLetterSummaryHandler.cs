using MediatR;
using Pipeline.DeadLetters.Contracts;

namespace Pipeline.DeadLetters.Application;

/// <summary>Counts letters.</summary>
internal sealed class GetDeadLetterSummaryHandler(LetterLog log, IDeadLetterStore store) : IRequestHandler<GetDeadLetterSummary, DeadLetterSummary>
{
    public async Task<DeadLetterSummary> Handle(GetDeadLetterSummary request, CancellationToken cancellationToken)
    {
        var caughtUp = await log.CatchUpAsync(cancellationToken);
        var counts = await store.CountAsync(cancellationToken);
        var topics = await log.TopicsAsync(cancellationToken);
        return new DeadLetterSummary(
            counts.Where(c => c.State is DeadLetterState.Open or DeadLetterState.Replaying).Sum(c => c.Count),
            counts,
            [.. topics.Select(t => new DeadLetterTopic(
                t.Name, LetterLog.SourceTopicOf(t.Name), t.Partitions.Sum(p => p.EndOffset - p.StartOffset), t.Partitions.Sum(p => p.StartOffset)))],
            caughtUp);
    }
}
