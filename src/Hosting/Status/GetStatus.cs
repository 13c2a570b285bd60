using MediatR;
using Pipeline.EventLog;
using Pipeline.Lake;

namespace Pipeline.Hosting.Status;

/// <summary>Asks for the state of the whole pipeline as the stores have it.</summary>
/// <param name="Tables">Only these tables of the lake; all where null.</param>
public sealed record GetStatus(IReadOnlyList<string>? Tables = null) : IRequest<PipelineStatus>;

internal sealed class GetStatusHandler(IEventLog log, LakeCatalog lake, ProcessClock clock, TimeProvider time) : IRequestHandler<GetStatus, PipelineStatus>
{
    public async Task<PipelineStatus> Handle(GetStatus request, CancellationToken cancellationToken)
    {
        var topics = await log.GetTopicsAsync(cancellationToken);
        var groups = await log.GetGroupsAsync(cancellationToken);
        var tables = new List<TableState>();
        await foreach (var path in request.Tables?.ToAsyncEnumerable() ?? lake.ListTablesAsync(cancellationToken: cancellationToken))
        {
            if (await lake.Table(path).SummariseAsync(cancellationToken) is { } table)
                tables.Add(new TableState(path, table.Version, table.Rows, table.Files, table.Bytes, table.Timestamp));
        }

        return new PipelineStatus(
            time.GetUtcNow(),
            Math.Round(clock.Uptime.TotalSeconds, 1),
            [.. topics.Select(t => new TopicState(t.Name, t.Partitions.Sum(p => p.EndOffset - p.StartOffset), t.Partitions))],
            [.. groups.Select(g => new GroupState(g.Group, g.Topic, g.Members, g.Lag, g.Partitions))],
            tables);
    }
}
