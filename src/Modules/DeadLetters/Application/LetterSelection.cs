using Pipeline.DeadLetters.Contracts;

namespace Pipeline.DeadLetters.Application;

/// <summary>Finds the letters that a request means.</summary>
internal sealed class LetterSelection(LetterLog log, IDeadLetterStore store)
{
    /// <summary>The letters, and the ids that are none.</summary>
    public async Task<(IReadOnlyList<StoredLetter> Letters, IReadOnlyList<DeadLetterId> Missing)> FindAsync(IReadOnlyList<DeadLetterId> ids, CancellationToken cancellationToken)
    {
        await log.CatchUpAsync(cancellationToken);
        var letters = new Dictionary<LetterSource, StoredLetter>();
        var missing = new List<DeadLetterId>();
        foreach (var id in ids.Distinct())
        {
            var letter = await store.FindAsync(id, cancellationToken);

            // The second place of a letter that a crash repeated.
            if (letter is null && await log.ReadAsync(id, cancellationToken) is { } record)
                letter = await store.FindAsync(record.Source, cancellationToken);
            if (letter is null)
                missing.Add(id);
            else
                letters[letter.Source] = letter;
        }

        return ([.. letters.Values], missing);
    }

    /// <summary>All letters that are open and match, up to a limit, and whether there are more.</summary>
    public async Task<(IReadOnlyList<StoredLetter> Letters, bool More)> FindAsync(DeadLetterFilter filter, int limit, CancellationToken cancellationToken)
    {
        var caughtUp = await log.CatchUpAsync(cancellationToken);
        var letters = await store.ListToDoAsync(filter, limit + 1, cancellationToken);
        return letters.Count > limit ? ([.. letters.Take(limit)], true) : (letters, !caughtUp);
    }
}
