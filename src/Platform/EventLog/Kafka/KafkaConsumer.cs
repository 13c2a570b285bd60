using Microsoft.Extensions.Logging;
using Pipeline.EventLog.Kafka.Native;

namespace Pipeline.EventLog.Kafka;

/// <summary>
/// A member of a group. The library keeps the session alive in threads of its own and puts what the group decides into a queue; <see cref="ReadAsync"/> applies
/// it on the caller's thread, and the library waits for it as long as the handler takes.
/// </summary>
internal sealed partial class KafkaConsumer : IConsumer
{
    private static readonly TimeSpan _retryPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan _settleTime = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _longestWait = TimeSpan.FromMinutes(1);

    private readonly KafkaSettings _settings;
    private readonly KafkaLogOptions _options;
    private readonly ConsumerDefinition _definition;
    private readonly TimeSpan _session;
    private readonly Action<KafkaConsumer> _onDisposed;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Signal _news = new();
    private readonly Signal _committed = new();
    private readonly Lock _lock = new();
    private readonly List<HeldPartition> _held = [];
    private Membership? _membership;
    private GroupNews? _pending;
    private Exception? _error;
    private bool _joined;
    private long? _settling;
    private int _next;
    private bool _disposed;

    public KafkaConsumer(
        KafkaSettings settings, KafkaLogOptions options, ConsumerDefinition definition, TimeSpan session, Action<KafkaConsumer> onDisposed,
        TimeProvider time, ILogger logger)
    {
        _settings = settings;
        _options = options;
        _definition = definition;
        _session = session;
        _onDisposed = onDisposed;
        _time = time;
        _logger = logger;
    }

    public ConsumerDefinition Definition => _definition;

    public IReadOnlyCollection<int> Assignment
    {
        get
        {
            lock (_lock)
                return [.. _held.Select(h => h.Partition)];
        }
    }

    /// <summary>Whether it takes part in its group.</summary>
    public bool IsMember
    {
        get
        {
            lock (_lock)
                return _membership is not null;
        }
    }

    /// <summary>How many records are here that were not read yet.</summary>
    internal int Fetched
    {
        get
        {
            lock (_lock)
                return _held.Sum(h => h.Fetched);
        }
    }

    private string Subject => $"of group {_definition.Group}, topic {_definition.Topic}";

    public async ValueTask<RecordBatch?> ReadAsync(TimeSpan maxWait, CancellationToken cancellationToken = default)
    {
        var started = _time.GetTimestamp();
        var changed = false;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            changed |= await ServeAsync(cancellationToken);
            if (TryTake() is { } batch)
                return batch;

            // The first read waits for the group's first answer, so that the member holds its partitions afterwards.
            var patience = _joined || maxWait < TimeSpan.Zero || maxWait > JoinPatience ? maxWait : JoinPatience;
            var remaining = patience < TimeSpan.Zero ? _longestWait : patience - _time.GetElapsedTime(started);
            if (remaining <= TimeSpan.Zero || (changed && _definition.Handler is not null))
                return null;
            await _news.WaitAsync(Shortest(remaining), _time, cancellationToken);
        }
    }

    public void Seek(int partition, long nextOffset)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(nextOffset);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            var held = _held.Find(h => h.Partition == partition)
                ?? throw new TerminalException($"Seek in topic {_definition.Topic}, partition {partition}: this member of group {_definition.Group} does not hold it.");
            held.Clear();
            held.SeekTo = nextOffset;
        }
    }

    public ValueTask DisposeAsync() => CloseAsync(quietly: false);

    /// <summary>Ends the membership.</summary>
    /// <param name="quietly">True says nothing to the group, as if the process had died.</param>
    public async ValueTask CloseAsync(bool quietly)
    {
        Membership? membership;
        lock (_lock)
        {
            if (_disposed)
                return;
            _disposed = true;
        }

        _news.Set();
        _onDisposed(this);
        if (!quietly)
            await FlushAsync(leaving: true, CancellationToken.None);
        lock (_lock)
            membership = Detach(quietly);
        _committed.Set();
        if (membership is not null)
            await Blocking.RunAsync($"Leave group {_definition.Group}", () => Close(membership, quietly), CancellationToken.None);
    }

    private TimeSpan JoinPatience => _session + _options.OperationTimeout;

    private TimeSpan Shortest(TimeSpan remaining)
    {
        // Reading now and then is what shows the library that its owner lives.
        lock (_lock)
        {
            if ((HasCommits || _held.Exists(h => h.SeekTo is not null)) && remaining > _retryPause)
                return _retryPause;
        }

        return remaining < _longestWait ? remaining : _longestWait;
    }

    /// <summary>Joins where that is to do, and applies what the group decided. Returns whether the handler was called.</summary>
    private async ValueTask<bool> ServeAsync(CancellationToken cancellationToken)
    {
        var changed = false;
        while (true)
        {
            GroupNews? news;
            lock (_lock)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                Join();
                news = _pending ??= _membership!.Poll();
                if (news is null && ServeCommits(_membership!) is var code && KafkaErrors.IsTerminal(code))
                    Log.ConsumerTrouble(_logger, _definition.Group, _definition.Topic, $"could not commit offsets: {KafkaErrors.Describe(code)}");
            }

            if (news is null && !await SettleAsync(cancellationToken))
                return changed;
            if (news is null)
                continue;
            changed |= news.Partitions.Length > 0;
            await ApplyAsync(news, cancellationToken);
            _pending = null;
        }
    }

    /// <summary>
    /// After a member gave partitions back, the group waits for it to take note of what is left, which the library asks for a moment later: a caller that reads
    /// no more for a while would hold up the others. Returns whether there may be news.
    /// </summary>
    private async ValueTask<bool> SettleAsync(CancellationToken cancellationToken)
    {
        if (_settling is not { } since)
            return false;
        var remaining = _settleTime - _time.GetElapsedTime(since);
        if (remaining > TimeSpan.Zero)
            await _news.WaitAsync(remaining, _time, cancellationToken);
        else
            _settling = null;
        return true;
    }

    private void Join()
    {
        if (_membership is not null)
            return;
        Log.Joining(_logger, KafkaSettings.ClientId, _definition.Group, _definition.Topic);
        using (ExecutionContext.SuppressFlow())
        {
            _membership = new Membership(
                _settings.Member(_definition.Group, _session), _definition.Topic, _news, _committed,
                $"Join group {_definition.Group} of topic {_definition.Topic}", _time, _logger);
        }
    }

    private async ValueTask ApplyAsync(GroupNews news, CancellationToken cancellationToken)
    {
        switch (news.Change)
        {
            case GroupChange.Assigned:
                await AssignAsync(news.Partitions, cancellationToken);
                _joined = true;
                _settling = null;
                break;
            case GroupChange.Revoked or GroupChange.Lost:
                await RevokeAsync(news.Partitions, news.Change == GroupChange.Lost, cancellationToken);
                _joined = true;
                _settling = news.Change == GroupChange.Revoked ? _time.GetTimestamp() : null;
                break;
            case GroupChange.Fatal:
                Log.ConsumerTrouble(_logger, _definition.Group, _definition.Topic, news.Text);
                await LeaveAsync(cancellationToken);
                break;
            default:
                Log.ConsumerTrouble(_logger, _definition.Group, _definition.Topic, news.Text);
                if (KafkaErrors.IsTerminal(news.Code))
                {
                    _pending = null;
                    throw KafkaErrors.Create(news.Code, $"Read {Subject}", news.Text);
                }

                break;
        }
    }

    private async ValueTask AssignAsync(int[] partitions, CancellationToken cancellationToken)
    {
        IReadOnlyDictionary<int, long>? positions = null;
        if (_definition.Handler is { } handler && partitions.Length > 0)
            positions = await handler.OnAssignedAsync(partitions, cancellationToken);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            var offsets = new List<PartitionOffset>(partitions.Length);
            foreach (var partition in partitions)
            {
                var held = new HeldPartition(partition, _membership!.Open(partition));
                if (positions is not null && positions.TryGetValue(partition, out var position))
                {
                    held.Position = position;
                    held.SinkOwnsPosition = true;
                }

                _held.Add(held);
                offsets.Add(new PartitionOffset(_definition.Topic, partition, held.Position < 0 ? NativeMethods.OffsetStored : held.Position));
            }

            Check(_membership!.Assign(offsets), "take what the group assigned");
        }

        if (partitions.Length > 0)
            Log.Assigned(_logger, KafkaSettings.ClientId, _definition.Group, _definition.Topic, string.Join(',', Assignment.Order()));
    }

    private async ValueTask RevokeAsync(int[] partitions, bool lost, CancellationToken cancellationToken)
    {
        // Other members may have been told in the meantime, so the list is the group's, not ours.
        if (_definition.Handler is { } handler && partitions.Length > 0)
            await handler.OnRevokedAsync(partitions, lost, cancellationToken);
        if (!lost)
            await FlushAsync(leaving: false, cancellationToken);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            Drop(partitions);
            Check(_membership!.Unassign(Stored(partitions)), "give back what the group revoked");
        }

        if (lost)
            Log.Lost(_logger, KafkaSettings.ClientId, _definition.Group, _definition.Topic, string.Join(',', partitions));
        else if (partitions.Length > 0)
            Log.Assigned(_logger, KafkaSettings.ClientId, _definition.Group, _definition.Topic, string.Join(',', Assignment.Order()));
    }

    /// <summary>After a fatal error: all is lost, and the next round joins again.</summary>
    private async ValueTask LeaveAsync(CancellationToken cancellationToken)
    {
        int[] partitions = [.. Assignment];
        if (_definition.Handler is { } handler && partitions.Length > 0)
            await handler.OnRevokedAsync(partitions, lost: true, cancellationToken);
        Membership? membership;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _pending = null;
            membership = Detach(quietly: true);
        }

        if (membership is not null)
            await Blocking.RunAsync($"Leave group {_definition.Group}", () => Close(membership, quietly: true), CancellationToken.None);
    }

    /// <summary>Takes the membership away; the library waits for an answer to what it told last, so it gets one.</summary>
    private Membership? Detach(bool quietly)
    {
        var membership = _membership;
        _membership = null;
        if (membership is not null && !quietly)
            Answer(membership);
        Drop([.. _held.Select(h => h.Partition)]);
        _commit = null;
        _refused = null;
        return membership;
    }

    /// <summary>Answers the group's pending news for a member that is about to leave.</summary>
    private void Answer(Membership membership)
    {
        for (; (_pending ??= membership.Poll()) is { } pending; _pending = null)
        {
            var partitions = Stored(pending.Partitions);
            if (pending.Change == GroupChange.Assigned)
                membership.Assign(partitions);
            else if (pending.Change is GroupChange.Revoked or GroupChange.Lost)
                membership.Unassign(partitions);
        }
    }

    private PartitionOffset[] Stored(int[] partitions) => [.. partitions.Select(p => new PartitionOffset(_definition.Topic, p, NativeMethods.OffsetStored))];

    private void Drop(int[] partitions)
    {
        foreach (var held in _held.Where(h => partitions.Contains(h.Partition)))
            held.Dispose();
        _held.RemoveAll(h => partitions.Contains(h.Partition));
    }

    private void Check((int Code, string Text) error, string what)
    {
        // The library has taken everything back then and joins again.
        if (error.Code != 0)
            Log.ConsumerTrouble(_logger, _definition.Group, _definition.Topic, $"could not {what}: {error.Text}");
    }

    private static bool Close(Membership membership, bool quietly)
    {
        membership.Close(quietly);
        return true;
    }
}
