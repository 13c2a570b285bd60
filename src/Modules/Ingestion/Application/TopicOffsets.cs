using System.Collections.Concurrent;
using Pipeline.EventLog;

namespace Pipeline.Ingestion.Application;

/// <summary>
/// End offsets of topics as of a little while ago: a lower bound is all that a reservation needs, so the log is not asked for every request.
/// </summary>
internal sealed class TopicOffsets(IEventLog log, TimeProvider time)
{
    private static readonly TimeSpan _maxAge = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, (DateTimeOffset At, long[] Ends)> _known = new(StringComparer.Ordinal);

    private int _refreshing;

    public async ValueTask<long[]> GetAsync(string topic, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var isKnown = _known.TryGetValue(topic, out var known);
        if (isKnown && now - known.At < _maxAge)
            return known.Ends;

        // One request asks the log; the old offsets serve the others, being lower bounds as well.
        var isFirst = Interlocked.Exchange(ref _refreshing, 1) == 0;
        if (isKnown && !isFirst)
            return known.Ends;
        try
        {
            foreach (var status in await log.GetTopicsAsync(cancellationToken))
                _known[status.Name] = (now, [.. status.Partitions.Select(p => p.EndOffset)]);
        }
        finally
        {
            if (isFirst)
                Volatile.Write(ref _refreshing, 0);
        }

        return _known.TryGetValue(topic, out known) ? known.Ends : [];
    }
}
