namespace Pipeline.EventLog.Tests.Conformance;

/// <summary>How the conformance suite opens an adapter, and where adapters legitimately differ.</summary>
public abstract class LogHarness
{
    /// <summary>What this machine lacks for the adapter; null where it has everything.</summary>
    public virtual string? Missing => null;

    /// <summary>Whether an append of several records is all or nothing.</summary>
    public virtual bool AppendsAreAtomic => true;

    /// <summary>Whether <see cref="RetainAsync"/> can make retention happen at once.</summary>
    public virtual bool RetainsOnDemand => true;

    /// <summary>Whether <see cref="LogLimits"/> can be chosen.</summary>
    public virtual bool HasLimits => true;

    /// <summary>Whether a group takes offsets also while it shares out anew; where it does not, another member may read a few records again.</summary>
    public virtual bool TakesOffsetsAlways => true;

    /// <summary>The shortest session timeout that the store copes with.</summary>
    public virtual TimeSpan ShortSession => TimeSpan.FromSeconds(1);

    /// <summary>Waits until so many records are at hand, where the consumer fetches them by itself.</summary>
    public virtual Task FetchedAsync(IConsumer consumer, int records) => Task.CompletedTask;

    /// <summary>Opens the log as a process of its own would. All that are opened see the same topics.</summary>
    public abstract IEventLog Open(LogLimits? limits = null);

    /// <summary>Ends a process as if it was killed: nobody is told, its consumers just fall silent.</summary>
    public abstract Task KillAsync(IEventLog log);

    /// <summary>Closes the log in order.</summary>
    public abstract Task CloseAsync(IEventLog log);

    /// <summary>Closes the open chunks (segments) of at least <paramref name="chunkBytes"/> and drops what retention lets go.</summary>
    public abstract Task RetainAsync(long chunkBytes);
}

/// <summary>The limits of an opened log.</summary>
public sealed record LogLimits(int? MaxRecordBytes = null, long? MaxPendingBytes = null);

/// <summary>A group's member for tests: remembers what its handler was told.</summary>
public sealed class RecordingHandler(IReadOnlyDictionary<int, long>? positions = null) : IPartitionHandler
{
    private readonly Lock _lock = new();
    private readonly List<string> _calls = [];
    private readonly HashSet<int> _held = [];

    public IReadOnlyList<string> Calls
    {
        get
        {
            lock (_lock)
                return [.. _calls];
        }
    }

    public IReadOnlyCollection<int> Held
    {
        get
        {
            lock (_lock)
                return [.. _held];
        }
    }

    /// <summary>Called on each assignment, before it is taken note of.</summary>
    public Action<int>? Assigning { get; set; }

    /// <summary>Called on each revocation, before it is taken note of.</summary>
    public Action<int>? Revoking { get; set; }

    public ValueTask<IReadOnlyDictionary<int, long>> OnAssignedAsync(IReadOnlyCollection<int> partitions, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            foreach (var partition in partitions)
            {
                Assigning?.Invoke(partition);
                Assert.True(_held.Add(partition), $"partition {partition} was assigned twice");
            }

            _calls.Add($"assigned {string.Join(',', partitions.Order())}");
        }

        return ValueTask.FromResult(positions ?? new Dictionary<int, long>());
    }

    public ValueTask OnRevokedAsync(IReadOnlyCollection<int> partitions, bool lost, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            foreach (var partition in partitions)
            {
                Revoking?.Invoke(partition);
                Assert.True(_held.Remove(partition), $"partition {partition} was revoked but not held");
            }

            _calls.Add($"{(lost ? "lost" : "revoked")} {string.Join(',', partitions.Order())}");
        }

        return ValueTask.CompletedTask;
    }
}
