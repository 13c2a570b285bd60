using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Pipeline.EventLog.Postgres;

/// <summary>
/// A member of a group. A background task keeps the session alive and learns what the group decides; <see cref="ReadAsync"/> applies it on the
/// caller's thread, so that the handler is never called beside the caller's own work.
/// </summary>
internal sealed class PostgresConsumer : IConsumer
{
    private static readonly TimeSpan _longestHeartbeat = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan _longestWait = TimeSpan.FromHours(1);
    private static readonly TimeSpan _leaveTimeout = TimeSpan.FromSeconds(2);

    private readonly GroupStore _groups;
    private readonly LogReader _reader;
    private readonly LogListener _listener;
    private readonly Topic _topic;
    private readonly int _group;
    private readonly ConsumerDefinition _definition;
    private readonly TimeSpan _session;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly string _client;
    private readonly Signal _news = new();
    private readonly Signal _groupNews = new();
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Held> _held = [];
    private volatile GroupSnapshot? _latest;
    private GroupSnapshot? _applied;
    private Task _heartbeats = Task.CompletedTask;
    private long _contact;
    private int _next;
    private int _disposed;

    public PostgresConsumer(
        GroupStore groups, LogReader reader, LogListener listener, Topic topic, int group,
        ConsumerDefinition definition, TimeSpan session, TimeProvider time, ILogger logger)
    {
        _groups = groups;
        _reader = reader;
        _listener = listener;
        _topic = topic;
        _group = group;
        _definition = definition;
        _session = session;
        _time = time;
        _logger = logger;
        _client = string.Create(CultureInfo.InvariantCulture, $"{Environment.MachineName}/{Environment.ProcessId}");
        _listener.Subscribe(topic, _news, group, _groupNews);
    }

    public IReadOnlyCollection<int> Assignment => [.. _held.Select(h => h.Lane.Partition)];

    public async ValueTask<RecordBatch?> ReadAsync(TimeSpan maxWait, CancellationToken cancellationToken = default)
    {
        var started = _time.GetTimestamp();
        var changed = false;
        while (true)
        {
            ObjectDisposedException.ThrowIf(_disposed != 0, this);
            cancellationToken.ThrowIfCancellationRequested();
            await EnsureSessionAsync(cancellationToken);
            if (!ReferenceEquals(_latest, _applied))
            {
                changed |= await ApplyAsync(_latest!, cancellationToken);
                continue;
            }

            if (Pick() is { } held)
            {
                var end = held.Lane.KnownEnd;
                var batch = await _reader.ReadAsync(held.Lane, held.Position, _definition.MaxBatchBytes, cancellationToken);
                held.Position = Math.Max(held.Position, batch.NextOffset);
                if (batch.Count > 0)
                    return batch;
                batch.Dispose();
                held.EmptyUpTo = end;
                continue;
            }

            var remaining = maxWait < TimeSpan.Zero ? _longestWait : maxWait - _time.GetElapsedTime(started);
            if (remaining <= TimeSpan.Zero || (changed && _definition.Handler is not null))
                return null;
            await _news.WaitAsync(remaining < _longestWait ? remaining : _longestWait, _time, cancellationToken);
        }
    }

    public async ValueTask CommitAsync(IReadOnlyDictionary<int, long> nextOffsets, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(nextOffsets);
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        var mine = _held.Where(h => nextOffsets.ContainsKey(h.Lane.Partition)).ToList();
        if (mine.Count == 0 || _applied is not { } applied)
            return;
        int[] partitions = [.. mine.Select(h => h.Lane.Partition)];
        long[] epochs = [.. mine.Select(h => h.Epoch)];
        long[] offsets = [.. partitions.Select(p => nextOffsets[p])];
        await _groups.CommitAsync(_group, applied.Member, partitions, epochs, offsets, cancellationToken);
    }

    public void Seek(int partition, long nextOffset)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(nextOffset);
        var held = _held.Find(h => h.Lane.Partition == partition)
            ?? throw new TerminalException($"Seek in topic {_topic.Name}, partition {partition}: this member of group {_definition.Group} does not hold it.");
        held.Position = nextOffset;
        held.EmptyUpTo = 0;
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        _listener.Unsubscribe(_topic, _news, _group, _groupNews);
        await _stop.CancelAsync();
        _news.Set();
        await _heartbeats.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        await _gate.WaitAsync(CancellationToken.None);
        var latest = _latest;
        _gate.Release();
        if (latest is not { Lost: false })
            return;
        using var limit = new CancellationTokenSource(_leaveTimeout, _time);
        try
        {
            await _groups.LeaveAsync(_group, latest.Member, limit.Token);
        }
        catch (Exception e) when (e is TransientException or TerminalException or OperationCanceledException)
        {
            // The others take over when the session is over.
            Log.HeartbeatFailed(_logger, latest.Member, _definition.Group, _topic.Name, e.Message);
        }
    }

    /// <summary>Joins at first and after a lost session; asks whether the group still counts on this member when it was not heard of for long.</summary>
    private async ValueTask EnsureSessionAsync(CancellationToken cancellationToken)
    {
        if (_latest is null)
        {
            await JoinAsync(cancellationToken);
            _heartbeats = Detached.Run(() => HeartbeatsAsync(_stop.Token));
        }
        else if (_applied is { Lost: true } && ReferenceEquals(_latest, _applied))
        {
            await JoinAsync(cancellationToken);
        }
        else if (!_latest.Lost && _time.GetElapsedTime(Volatile.Read(ref _contact)) > _session)
        {
            await HeartbeatAsync([], cancellationToken);
        }
    }

    private async Task JoinAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed != 0, this);
            var now = _time.GetTimestamp();
            _latest = await _groups.JoinAsync(_group, _client, _session, cancellationToken);
            Volatile.Write(ref _contact, now);
            Log.Joined(_logger, _latest.Member, _definition.Group, _topic.Name);
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task HeartbeatAsync(int[] release, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed != 0, this);
            if (_latest is not { Lost: false } latest)
                return;
            var now = _time.GetTimestamp();
            var snapshot = await _groups.HeartbeatAsync(_group, latest.Member, release, cancellationToken);
            Volatile.Write(ref _contact, now);
            if (snapshot.SameAs(latest))
                return;
            if (snapshot.Lost)
                Log.SessionLost(_logger, latest.Member, _definition.Group, _topic.Name);
            _latest = snapshot;
            _news.Set();
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task HeartbeatsAsync(CancellationToken cancellationToken)
    {
        var interval = _session / 4;
        if (interval > _longestHeartbeat)
            interval = _longestHeartbeat;
        while (true)
        {
            await _groupNews.WaitAsync(interval, _time, cancellationToken);
            try
            {
                await HeartbeatAsync([], cancellationToken);
            }
            catch (Exception e) when (e is TransientException or TerminalException)
            {
                Log.HeartbeatFailed(_logger, _latest?.Member ?? 0, _definition.Group, _topic.Name, e.Message);
            }
        }
    }

    /// <summary>Tells the handler what the group decided, in the order: lost, to be released, new. Returns whether there was something to tell.</summary>
    private async Task<bool> ApplyAsync(GroupSnapshot snapshot, CancellationToken cancellationToken)
    {
        var theirs = snapshot.Partitions.ToDictionary(p => p.Partition);
        var lost = _held.Where(h => !theirs.TryGetValue(h.Lane.Partition, out var p) || p.Epoch != h.Epoch).ToList();
        await RevokeAsync(lost, lost: true, cancellationToken);

        var wanted = snapshot.Partitions.Where(p => p.ReleaseWanted).Select(p => p.Partition).ToArray();
        if (wanted.Length > 0)
        {
            await RevokeAsync([.. _held.Where(h => wanted.Contains(h.Lane.Partition))], lost: false, cancellationToken);
            await HeartbeatAsync(wanted, cancellationToken);
            return true;
        }

        var added = snapshot.Partitions.Where(p => !_held.Exists(h => h.Lane.Partition == p.Partition)).ToList();
        if (added.Count > 0)
            await AssignAsync(added, cancellationToken);
        _applied = snapshot;
        var changed = lost.Count > 0 || added.Count > 0;
        if (changed)
            Log.Assigned(_logger, snapshot.Member, _definition.Group, _topic.Name, string.Join(',', Assignment));
        return changed;
    }

    private async Task AssignAsync(List<HeldPartition> added, CancellationToken cancellationToken)
    {
        IReadOnlyDictionary<int, long>? positions = null;
        if (_definition.Handler is { } handler)
            positions = await handler.OnAssignedAsync([.. added.Select(p => p.Partition)], cancellationToken);
        await _listener.RefreshAsync(_topic, cancellationToken);
        foreach (var partition in added)
        {
            var position = positions is not null && positions.TryGetValue(partition.Partition, out var own) ? own : partition.Position;
            _held.Add(new Held(_topic.Lanes[partition.Partition], partition.Epoch) { Position = position });
        }
    }

    private async Task RevokeAsync(List<Held> revoked, bool lost, CancellationToken cancellationToken)
    {
        if (revoked.Count == 0)
            return;
        if (_definition.Handler is { } handler)
            await handler.OnRevokedAsync([.. revoked.Select(h => h.Lane.Partition)], lost, cancellationToken);
        _held.RemoveAll(revoked.Contains);
    }

    /// <summary>The next partition, in turn, that has records.</summary>
    private Held? Pick()
    {
        for (var i = 0; i < _held.Count; i++)
        {
            var index = (_next + i) % _held.Count;
            var held = _held[index];
            if (held.Lane.KnownEnd > Math.Max(held.Position, held.EmptyUpTo))
            {
                _next = index + 1;
                return held;
            }
        }

        return null;
    }

    private sealed class Held(Lane lane, long epoch)
    {
        public Lane Lane { get; } = lane;

        public long Epoch { get; } = epoch;

        public long Position { get; set; }

        /// <summary>There was nothing from the position up to here when it was last looked.</summary>
        public long EmptyUpTo { get; set; }
    }
}
