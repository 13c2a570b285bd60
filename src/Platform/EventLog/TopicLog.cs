namespace Pipeline.EventLog;

/// <summary>What an adapter of the log does alike whatever its store is.</summary>
/// <typeparam name="TTopic">What it knows of a topic.</typeparam>
internal abstract class TopicLog<TTopic> where TTopic : class
{
    private static readonly TimeSpan _shortestSession = TimeSpan.FromMilliseconds(100);

    public ValueTask<RecordPosition> AppendAsync(string topic, in NewRecord record, CancellationToken cancellationToken = default)
    {
        if (Find(topic) is { } known)
            return AppendAsync(known, record, cancellationToken);

        // The caller may reuse its buffers while the topic is looked up.
        return AppendUnknownAsync(topic, record.Copy(), cancellationToken);
    }

    public ValueTask AppendAsync(string topic, ReadOnlySpan<NewRecord> records, Memory<RecordPosition> positions, CancellationToken cancellationToken = default)
    {
        if (positions.Length < records.Length)
            throw new ArgumentException($"{positions.Length} positions cannot take those of {records.Length} records.", nameof(positions));
        if (Find(topic) is { } known)
            return AppendAsync(known, records, positions, cancellationToken);
        var copies = new NewRecord[records.Length];
        for (var i = 0; i < copies.Length; i++)
            copies[i] = records[i].Copy();
        return AppendUnknownAsync(topic, copies, positions, cancellationToken);
    }

    /// <summary>The topic, where it was met before.</summary>
    protected abstract TTopic? Find(string topic);

    /// <summary>The topic.</summary>
    /// <param name="topic">Its name.</param>
    /// <param name="operation">What it is wanted for; <c>Append to</c> begins errors as <c>Append to topic orders</c>.</param>
    /// <param name="cancellationToken">Cancels the search.</param>
    /// <exception cref="TerminalException">There is none of that name.</exception>
    protected abstract ValueTask<TTopic> FindAsync(string topic, string operation, CancellationToken cancellationToken);

    protected abstract ValueTask<RecordPosition> AppendAsync(TTopic topic, in NewRecord record, CancellationToken cancellationToken);

    protected abstract ValueTask AppendAsync(TTopic topic, ReadOnlySpan<NewRecord> records, Memory<RecordPosition> positions, CancellationToken cancellationToken);

    /// <summary>Checks a membership that is asked for, and returns its session timeout.</summary>
    /// <exception cref="TerminalException">Its group or its session timeout is not valid.</exception>
    protected static TimeSpan Check(ConsumerDefinition consumer, TimeSpan usual, TimeSpan longest)
    {
        ArgumentNullException.ThrowIfNull(consumer);
        if (string.IsNullOrWhiteSpace(consumer.Group) || consumer.Group.Length > 200)
            throw new TerminalException($"Join group '{consumer.Group}' of topic {consumer.Topic}: a group's name has 1 to 200 characters.");
        var session = consumer.SessionTimeout ?? usual;
        return session >= _shortestSession && session <= longest
            ? session
            : throw new TerminalException(
                $"Join group {consumer.Group} of topic {consumer.Topic}: the session timeout {session} is not {_shortestSession} to {longest}.");
    }

    private async ValueTask<RecordPosition> AppendUnknownAsync(string topic, NewRecord record, CancellationToken cancellationToken) =>
        await AppendAsync(await FindAsync(topic, "Append to", cancellationToken), record, cancellationToken);

    private async ValueTask AppendUnknownAsync(string topic, NewRecord[] records, Memory<RecordPosition> positions, CancellationToken cancellationToken) =>
        await AppendAsync(await FindAsync(topic, "Append to", cancellationToken), records, positions, cancellationToken);
}
