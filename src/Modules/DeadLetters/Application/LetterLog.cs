using System.Globalization;
using System.Text;
using Microsoft.Extensions.Options;
using Pipeline.DeadLetters.Contracts;
using Pipeline.DeadLetters.Domain;
using Pipeline.EventLog;
using Format = Pipeline.EventLog.DeadLetters;

namespace Pipeline.DeadLetters.Application;

/// <summary>The dead-letter topics of the log: what is new in them is noted in the store, and payloads are read from them.</summary>
internal sealed class LetterLog(IEventLog log, IDeadLetterStore store, IOptions<DeadLettersOptions> options, TimeProvider time) : IDisposable
{
    private const int PreviewBytes = 2_048;
    private const int ReadBytes = 256 << 10;

    // The header that the sink of orders adds to a letter whose payload it had to cut.
    private const string CutHeader = "dead-letter-cut-from";

    private readonly SemaphoreSlim _gate = new(1);

    /// <summary>The dead-letter topics.</summary>
    public async Task<IReadOnlyList<TopicStatus>> TopicsAsync(CancellationToken cancellationToken) =>
        [.. (await log.GetTopicsAsync(cancellationToken)).Where(t => t.Name.EndsWith(Format.Suffix, StringComparison.Ordinal))];

    /// <summary>The topic whose records a dead-letter topic takes.</summary>
    public static string SourceTopicOf(string topic) => topic.EndsWith(Format.Suffix, StringComparison.Ordinal) ? topic[..^Format.Suffix.Length] : topic;

    /// <summary>The ends of a topic's partitions; empty where there is no such topic.</summary>
    public async Task<long[]> EndsAsync(string topic, CancellationToken cancellationToken) =>
        [.. (await log.GetTopicsAsync(cancellationToken)).FirstOrDefault(t => t.Name == topic)?.Partitions.Select(p => p.EndOffset) ?? []];

    /// <summary>Notes what is new, for as long as the options allow. False where something is left.</summary>
    public async Task<bool> CatchUpAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            var started = time.GetTimestamp();
            var marks = await store.GetMarksAsync(cancellationToken);
            foreach (var topic in await TopicsAsync(cancellationToken))
            {
                foreach (var partition in topic.Partitions)
                {
                    var mark = marks.TryGetValue((topic.Name, partition.Partition), out var known) ? known : default;
                    if (!await CatchUpAsync(topic.Name, partition, mark, started, cancellationToken))
                        return false;
                }
            }

            return true;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Reads the letter at a place; null where the log holds none there.</summary>
    public async Task<LetterRecord?> ReadAsync(DeadLetterId id, CancellationToken cancellationToken)
    {
        if (!await IsThereAsync(id, cancellationToken))
            return null;
        using var batch = await log.ReadAsync(id.Topic, id.Partition, id.Offset, maxBytes: 1, cancellationToken);
        foreach (var record in batch)
        {
            if (record.Offset == id.Offset)
                return LetterRecord.Of(batch, record);
        }

        return null;
    }

    /// <summary>Whether there is, or was, a letter at a place.</summary>
    public async Task<DeadLetterPresence> PresenceAsync(DeadLetterId id, CancellationToken cancellationToken)
    {
        var partitions = (await TopicsAsync(cancellationToken)).FirstOrDefault(t => t.Name == id.Topic)?.Partitions ?? [];
        if (partitions.FirstOrDefault(p => p.Partition == id.Partition) is not { EndOffset: > 0 } partition || id.Offset >= partition.EndOffset)
            return DeadLetterPresence.Never;
        return id.Offset < partition.StartOffset ? DeadLetterPresence.Gone : DeadLetterPresence.Here;
    }

    /// <summary>The beginnings of payloads; of those that are not in the log any more there is none.</summary>
    public async Task<IReadOnlyDictionary<DeadLetterId, string>> PreviewsAsync(IEnumerable<DeadLetterId> ids, CancellationToken cancellationToken)
    {
        var previews = new Dictionary<DeadLetterId, string>();
        foreach (var group in ids.GroupBy(i => (i.Topic, i.Partition)))
        {
            var wanted = new Queue<long>(group.Select(i => i.Offset).Order());
            while (wanted.TryPeek(out var next))
            {
                // Letters that are side by side come with one read.
                using var batch = await log.ReadAsync(group.Key.Topic, group.Key.Partition, next, ReadBytes, cancellationToken);
                foreach (var record in batch)
                {
                    while (wanted.TryPeek(out next) && next < record.Offset)
                        wanted.Dequeue();
                    if (wanted.Count > 0 && next == record.Offset)
                        previews[new DeadLetterId(group.Key.Topic, group.Key.Partition, wanted.Dequeue())] = Preview(record.Value);
                }

                while (wanted.TryPeek(out next) && (batch.Count == 0 || next < batch.NextOffset))
                    wanted.Dequeue();
            }
        }

        return previews;
    }

    public void Dispose() => _gate.Dispose();

    /// <summary>The beginning of a payload as text, no character cut in two.</summary>
    internal static string Preview(ReadOnlySpan<byte> payload)
    {
        if (payload.Length <= PreviewBytes)
            return Encoding.UTF8.GetString(payload);
        var end = PreviewBytes;
        while (end > PreviewBytes - 4 && (payload[end] & 0xC0) == 0x80)
            end--;
        return Encoding.UTF8.GetString(payload[..end]);
    }

    private async Task<bool> IsThereAsync(DeadLetterId id, CancellationToken cancellationToken) => await PresenceAsync(id, cancellationToken) == DeadLetterPresence.Here;

    private async Task<bool> CatchUpAsync(string topic, PartitionStatus partition, LogMark mark, long started, CancellationToken cancellationToken)
    {
        if (partition.StartOffset > mark.Start)
        {
            await store.PurgeAsync(topic, partition.Partition, partition.StartOffset, cancellationToken);
            var moved = new LogMark(Math.Max(mark.Next, partition.StartOffset), partition.StartOffset);
            if (!await store.AddAsync(topic, partition.Partition, mark, moved, [], cancellationToken))
                return false;
            mark = moved;
        }

        while (mark.Next < partition.EndOffset)
        {
            if (time.GetElapsedTime(started) > options.Value.CatchUpTime)
                return false;
            using var batch = await log.ReadAsync(topic, partition.Partition, mark.Next, cancellationToken: cancellationToken);
            if (batch.Count == 0)
                return true;
            var letters = new List<NewLetter>(batch.Count);
            foreach (var record in batch)
                letters.Add(Read(topic, batch, record));
            var next = mark with { Next = batch.NextOffset };
            if (!await store.AddAsync(topic, partition.Partition, mark, next, letters, cancellationToken))
                return false;
            mark = next;
        }

        return true;
    }

    private static NewLetter Read(string topic, RecordBatch batch, in RecordView record)
    {
        var error = record.TryGetHeader(Encoding.UTF8.GetBytes(Format.ReasonHeader), out var reason) ? Clean(Encoding.UTF8.GetString(reason)) : "";
        int? cut = record.TryGetHeader(Encoding.UTF8.GetBytes(CutHeader), out var length)
            && int.TryParse(length, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) ? bytes : null;
        return new NewLetter(SourceOf(topic, batch.Partition, record), record.Offset, Reasons.Of(error), error, record.Timestamp, record.Value.Length, cut);
    }

    internal static LetterSource SourceOf(string topic, int partition, in RecordView record)
    {
        if (record.TryGetHeader(Encoding.UTF8.GetBytes(Format.SourceHeader), out var source)
            && DeadLetterId.TryParse(Encoding.UTF8.GetString(source), out var place))
            return new LetterSource(Clean(place.Topic), place.Partition, place.Offset);
        return new LetterSource(topic, partition, record.Offset);
    }

    // PostgreSQL's texts hold no NUL.
    private static string Clean(string text) => text.Replace('\0', '\uFFFD');
}

/// <summary>A letter as it is in the log, copied.</summary>
/// <param name="Source">What identifies it.</param>
/// <param name="Key">The record's key.</param>
/// <param name="Payload">The payload.</param>
/// <param name="Headers">The headers.</param>
internal sealed record LetterRecord(LetterSource Source, byte[] Key, byte[] Payload, IReadOnlyList<RecordHeader> Headers)
{
    public static LetterRecord Of(RecordBatch batch, in RecordView record) =>
        new(LetterLog.SourceOf(batch.Topic, batch.Partition, record), record.Key.ToArray(), record.Value.ToArray(), record.CopyHeaders());
}
