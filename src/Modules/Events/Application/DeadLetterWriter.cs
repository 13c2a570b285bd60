using Microsoft.Extensions.Logging;
using Pipeline.EventLog;
using Pipeline.Ingestion.Contracts;

namespace Pipeline.Events.Application;

/// <summary>Appends dead letters, each once in the life of this process however often the batch around it is tried.</summary>
internal sealed class DeadLetterWriter(IEventLog log, ILogger<DeadLetterWriter> logger)
{
    private static readonly string _topic = DeadLetters.TopicOf(Topics.UserEvents);

    private readonly Lock _gate = new();
    private readonly Dictionary<int, long> _written = [];

    /// <summary>Appends those letters that were not appended yet; they are in the order of their offsets per partition.</summary>
    public async ValueTask WriteAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellationToken)
    {
        if (letters.Count == 0)
            return;
        List<DeadLetter> rest;
        lock (_gate)
            rest = [.. letters.Where(l => l.Offset >= _written.GetValueOrDefault(l.Partition))];
        if (rest.Count == 0)
            return;

        await log.AppendAsync(_topic, [.. rest.Select(l => l.Record)], new RecordPosition[rest.Count], cancellationToken);
        lock (_gate)
        {
            foreach (var letter in rest)
                _written[letter.Partition] = Math.Max(_written.GetValueOrDefault(letter.Partition), letter.Offset + 1);
        }

        EventsMetrics.DeadLettered(rest.Count);
        Log.DeadLettered(logger, rest.Count, _topic, rest[0].Partition, rest[0].Offset, rest[0].Reason);
    }
}

/// <summary>A record that is no event.</summary>
/// <param name="Partition">Its partition.</param>
/// <param name="Offset">Its offset.</param>
/// <param name="Reason">Why it is none.</param>
/// <param name="Record">What goes to the dead-letter topic.</param>
internal readonly record struct DeadLetter(int Partition, long Offset, string Reason, NewRecord Record);
