using Pipeline.DeadLetters.Contracts;

namespace Pipeline.DeadLetters.Application;

/// <summary>What is known of the letters in the log, and what became of them.</summary>
internal interface IDeadLetterStore
{
    /// <summary>How far each partition of the dead-letter topics was looked at.</summary>
    Task<IReadOnlyDictionary<(string Topic, int Partition), LogMark>> GetMarksAsync(CancellationToken cancellationToken);

    /// <summary>Notes letters and how far the partition was looked at, in one commit. False where another process was faster.</summary>
    Task<bool> AddAsync(string topic, int partition, LogMark expected, LogMark next, IReadOnlyList<NewLetter> letters, CancellationToken cancellationToken);

    /// <summary>Forgets letters that the log dropped.</summary>
    Task PurgeAsync(string topic, int partition, long startOffset, CancellationToken cancellationToken);

    /// <summary>Letters, the newest first.</summary>
    Task<IReadOnlyList<StoredLetter>> ListAsync(LetterQuery query, CancellationToken cancellationToken);

    Task<IReadOnlyList<DeadLetterCount>> CountAsync(CancellationToken cancellationToken);

    /// <summary>Letters that are open, or whose replay was begun, in the order in which they came.</summary>
    Task<IReadOnlyList<StoredLetter>> ListToDoAsync(DeadLetterFilter filter, int limit, CancellationToken cancellationToken);

    Task<StoredLetter?> FindAsync(DeadLetterId id, CancellationToken cancellationToken);

    Task<StoredLetter?> FindAsync(LetterSource source, CancellationToken cancellationToken);

    /// <summary>Begins a replay, or gives the one that was begun and not ended; null where the letter was dealt with.</summary>
    Task<ReplayAttempt?> BeginAsync(LetterSource source, ReplayAttempt attempt, string? by, string? note, CancellationToken cancellationToken);

    /// <summary>Records that a letter's record is in its topic again.</summary>
    Task CompleteAsync(LetterSource source, int partition, long offset, CancellationToken cancellationToken);

    /// <summary>Makes a letter open again whose replay came to nothing, unless another replay was begun meanwhile.</summary>
    Task ReleaseAsync(LetterSource source, Guid attempt, CancellationToken cancellationToken);

    /// <summary>Marks letters; those that are not open, and those whose replay was begun after a moment, are passed over. Returns how many it marked.</summary>
    Task<int> DiscardAsync(IReadOnlyCollection<LetterSource> sources, DateTimeOffset replaysBefore, string note, string? by, CancellationToken cancellationToken);
}

/// <summary>How far a partition was looked at.</summary>
/// <param name="Next">The next offset to look at.</param>
/// <param name="Start">The first offset that was there the last time.</param>
internal readonly record struct LogMark(long Next, long Start);

/// <summary>The record that a letter is about: what identifies it. Of a letter that does not say, its own place.</summary>
internal readonly record struct LetterSource(string Topic, int Partition, long Offset);

/// <summary>A letter as the log tells it.</summary>
internal sealed record NewLetter(LetterSource Source, long Offset, string Reason, string Error, DateTimeOffset At, int Size, int? CutFrom);

/// <summary>A letter as it is known.</summary>
/// <param name="RowId">Its number, in the order in which letters were noted.</param>
/// <param name="Source">What identifies it.</param>
/// <param name="Letter">All that is shown of it but its payload.</param>
internal sealed record StoredLetter(long RowId, LetterSource Source, DeadLetter Letter);

/// <summary>A replay that was begun.</summary>
/// <param name="Id">Which one.</param>
/// <param name="Payload">What it appends; null for the letter's own payload.</param>
/// <param name="Since">The ends of the source topic's partitions before it began.</param>
internal sealed record ReplayAttempt(Guid Id, byte[]? Payload, long[] Since);

/// <summary>Which letters are wanted.</summary>
internal sealed record LetterQuery(string? Topic, string? Reason, DeadLetterState? State, (DateTimeOffset At, long RowId)? After, int Limit);
