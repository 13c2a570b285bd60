using MediatR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Pipeline.EventLog;
using Pipeline.Events.Contracts;

namespace Pipeline.Events.Application;

/// <summary>
/// A membership of the consumer group. It reads on from the positions in the store, joins what waits to one <see cref="StoreUserEvents"/>, and lets the
/// group know
/// afterwards how far it is. Not thread-safe. After an exception it may have read what it did not store: dispose of it and join again.
/// </summary>
internal sealed class SinkMember(
    IUserEventStore store, IServiceScopeFactory scopes, Retry retry, EventsOptions options, TimeProvider time, ILogger logger)
    : IPartitionHandler, IAsyncDisposable
{
    private static readonly StoredUserEvents _nothing = new(false, 0, 0, new Dictionary<int, long>());

    private readonly Dictionary<int, long> _positions = [];
    private readonly Dictionary<int, long> _toCommit = [];
    private readonly List<RecordBatch> _pending = [];
    private IConsumer? _consumer;
    private bool _unsound;

    /// <summary>How long the last batch took from its first record to the commit.</summary>
    public TimeSpan Busy { get; private set; }

    /// <summary>Whether the last batch was as large as one may be, so that more is likely to wait.</summary>
    public bool Full { get; private set; }

    private IConsumer Consumer => _consumer ?? throw new InvalidOperationException("The member has not joined.");

    /// <summary>Gives the member its consumer.</summary>
    public void Attach(IConsumer consumer) => _consumer = consumer;

    /// <summary>
    /// Waits for records and stores all that wait, up to the configured size. While the log or the store is away it goes on trying.
    /// </summary>
    /// <returns>What was stored; null where nothing came within <paramref name="maxWait"/>.</returns>
    public async Task<StoredUserEvents?> StoreNextAsync(TimeSpan maxWait, CancellationToken cancellationToken)
    {
        if (_unsound)
            throw new InvalidOperationException("The member failed before and may have lost its place: join again.");
        _unsound = true;
        try
        {
            var stored = await TryStoreNextAsync(maxWait, cancellationToken);
            _unsound = false;
            return stored;
        }
        finally
        {
            foreach (var batch in _pending)
                batch.Dispose();
            _pending.Clear();
        }
    }

    /// <inheritdoc />
    public async ValueTask<IReadOnlyDictionary<int, long>> OnAssignedAsync(IReadOnlyCollection<int> partitions, CancellationToken cancellationToken)
    {
        var positions = await LoadAsync(partitions, cancellationToken);

        // A crash may have come between the store's commit and the group's.
        foreach (var (partition, next) in positions)
            _positions[partition] = _toCommit[partition] = next;
        return positions;
    }

    /// <inheritdoc />
    public ValueTask OnRevokedAsync(IReadOnlyCollection<int> partitions, bool lost, CancellationToken cancellationToken)
    {
        // What is read but not stored is dropped: the next owner reads it again from the stored position.
        foreach (var batch in _pending.Where(b => partitions.Contains(b.Partition)))
            batch.Dispose();
        _pending.RemoveAll(b => partitions.Contains(b.Partition));
        foreach (var partition in partitions)
        {
            _positions.Remove(partition);
            _toCommit.Remove(partition);
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _consumer is null ? ValueTask.CompletedTask : _consumer.DisposeAsync();

    private async Task<StoredUserEvents?> TryStoreNextAsync(TimeSpan maxWait, CancellationToken cancellationToken)
    {
        await ReadAsync(maxWait, cancellationToken);
        if (_pending.Count == 0)
        {
            await CommitAsync(cancellationToken);
            return null;
        }

        var started = time.GetTimestamp();
        Full = _pending.Sum(b => (long)b.Data.Length) >= options.MaxBatchBytes;
        using var activity = LogTracing.StartConsumerActivity(_pending, UserEventsSink.Group);
        var stored = await retry.RunAsync(SendAsync, "Store user events", cancellationToken);
        if (stored.Fenced)
        {
            await ReloadAsync(cancellationToken);
            return _nothing;
        }

        foreach (var (partition, next) in stored.Positions)
            _positions[partition] = _toCommit[partition] = next;
        await CommitAsync(cancellationToken);
        Busy = time.GetElapsedTime(started);
        return stored;
    }

    /// <summary>Waits for the first records, then takes what else is there.</summary>
    private async Task ReadAsync(TimeSpan maxWait, CancellationToken cancellationToken)
    {
        var first = await retry.RunAsync(async token => await Consumer.ReadAsync(maxWait, token), "Read user events", cancellationToken);
        if (first is null)
            return;
        _pending.Add(first);
        try
        {
            for (long bytes = first.Data.Length; bytes < options.MaxBatchBytes;)
            {
                if (await Consumer.ReadAsync(TimeSpan.Zero, cancellationToken) is not { } more)
                    break;
                _pending.Add(more);
                bytes += more.Data.Length;
            }
        }
        catch (TransientException e)
        {
            // What was read is good; the next read meets the trouble again, if it lasts, and waits.
            Log.Retrying(logger, "Read more user events", e.Message);
        }
    }

    private async Task<StoredUserEvents> SendAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<IMediator>().Send(new StoreUserEvents(_pending, _positions), cancellationToken);
    }

    /// <summary>After a lost race for a partition: reads the positions again and goes there.</summary>
    private async Task ReloadAsync(CancellationToken cancellationToken)
    {
        EventsMetrics.Fenced();
        Log.Fenced(logger, string.Join(',', _pending.Select(b => b.Partition).Distinct().Order()));
        foreach (var (partition, next) in await LoadAsync(Consumer.Assignment, cancellationToken))
        {
            _positions[partition] = _toCommit[partition] = next;
            Consumer.Seek(partition, next);
        }
    }

    /// <summary>The stored positions. Before events are counted as they come, those that an earlier scheduled run has left uncounted are.</summary>
    private async Task<Dictionary<int, long>> LoadAsync(IReadOnlyCollection<int> partitions, CancellationToken cancellationToken)
    {
        var positions = await retry.RunAsync(
            async token => await store.GetPositionsAsync(partitions, token), "Read the positions of user events", cancellationToken);
        if (options.Mode == EventsMode.Continuous && positions.Values.Any(p => p.Counted < p.Next))
        {
            await using var scope = scopes.CreateAsyncScope();
            var mediator = scope.ServiceProvider.GetRequiredService<IMediator>();
            await retry.RunAsync(token => mediator.Send(new AggregateUserEvents(), token), "Count user events", cancellationToken);
        }

        return positions.ToDictionary(p => p.Key, p => p.Value.Next);
    }

    /// <summary>Tells the group. It serves lag and retention only, so a failure waits for the next time.</summary>
    private async Task CommitAsync(CancellationToken cancellationToken)
    {
        if (_toCommit.Count == 0)
            return;
        try
        {
            await Consumer.CommitAsync(_toCommit, cancellationToken);
            _toCommit.Clear();
        }
        catch (TransientException e)
        {
            Log.CommitDelayed(logger, e.Message);
        }
    }
}
