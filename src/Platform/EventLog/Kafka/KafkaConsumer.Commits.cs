using Confluent.Kafka;
using Pipeline.EventLog.Kafka.Native;

namespace Pipeline.EventLog.Kafka;

/// <summary>
/// Offsets that the group is told. While it shares out anew it takes none: where the sink owns all positions they only tell of lag and are sent later, so that reading goes
/// on; else the commit waits, but not when the group waits for this member to read its news.
/// </summary>
internal sealed partial class KafkaConsumer
{
    private static readonly TimeSpan _flushTime = TimeSpan.FromSeconds(5);

    private long _commitsSent;
    private long _commitsAnswered;

    public async ValueTask CommitAsync(IReadOnlyDictionary<int, long> nextOffsets, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(nextOffsets);
        var operation = $"Commit offsets {Subject}";
        var started = _time.GetTimestamp();
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            foreach (var held in _held.Where(h => nextOffsets.ContainsKey(h.Partition)))
                held.ToCommit = nextOffsets[held.Partition];
            if (_membership is { TakesCommits: false } && _held.TrueForAll(h => h.ToCommit is null || h.SinkOwnsPosition))
                return;
        }

        while (true)
        {
            var code = await TryCommitAsync(started, _options.OperationTimeout, cancellationToken);
            if (code == ErrorCode.NoError)
                return;
            if (code is ErrorCode.IllegalGeneration or ErrorCode.UnknownMemberId)
                throw new TransientException($"{operation}: the group has shared out without this member, which learns of it by its next read.");
            if (!IsRefusedForNow(code) || _time.GetElapsedTime(started) > _options.OperationTimeout)
                throw KafkaErrors.Create(code, operation);
            lock (_lock)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                if ((_pending ??= _membership?.Poll()) is not null)
                    return;
            }

            await Task.Delay(_retryPause, _time, cancellationToken);
        }
    }

    private static bool IsRefusedForNow(ErrorCode code) =>
        code is ErrorCode.RebalanceInProgress or ErrorCode.Local_WaitCoord or ErrorCode.NotCoordinatorForGroup or ErrorCode.GroupLoadInProgress;

    /// <summary>Sends what had to wait without waiting for the answer: the next commit says the same again, if need be.</summary>
    private void SendDeferred()
    {
        if (_membership is { TakesCommits: true } membership && TakeOffsets() is { Count: > 0 } offsets && membership.Commit(offsets) == 0)
            _commitsSent++;
    }

    /// <summary>Sends what had to wait before it is too late: partitions are given back, or the member leaves.</summary>
    private async Task FlushAsync(bool leaving, CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        while (true)
        {
            lock (_lock)
            {
                // Nobody reads the group's news any more, and without an answer it goes on without this member.
                if (leaving && _membership is { } membership)
                    Answer(membership);
            }

            var code = await TryCommitAsync(started, _flushTime, cancellationToken);
            if (!IsRefusedForNow(code) || _time.GetElapsedTime(started) > _flushTime)
                return;
            await Task.Delay(_retryPause, _time, cancellationToken);
        }
    }

    /// <summary>Sends what is to be told as soon as the group takes it, and waits for the answer; what is refused for now is kept.</summary>
    private async Task<ErrorCode> TryCommitAsync(long started, TimeSpan limit, CancellationToken cancellationToken)
    {
        List<PartitionOffset>? sent;
        long number;
        while (true)
        {
            TimeSpan wait;
            lock (_lock)
            {
                if (_membership is not { } membership || !_held.Exists(h => h.ToCommit is not null))
                    return ErrorCode.NoError;
                if (membership.TakesCommits)
                {
                    sent = TakeOffsets();
                    if (membership.Commit(sent) is not 0 and var error)
                        return (ErrorCode)error;
                    number = ++_commitsSent;
                    break;
                }

                wait = limit - _time.GetElapsedTime(started);
                if (wait <= TimeSpan.Zero)
                    return ErrorCode.RebalanceInProgress;
                if (!membership.Rebalancing && membership.Doubt < wait)
                    wait = membership.Doubt;
            }

            await _committed.WaitAsync(wait, _time, cancellationToken);
        }

        return await AnswerAsync(number, sent, started, limit, cancellationToken);
    }

    private async Task<ErrorCode> AnswerAsync(long number, List<PartitionOffset> sent, long started, TimeSpan limit, CancellationToken cancellationToken)
    {
        while (true)
        {
            lock (_lock)
            {
                if (_membership is not { } membership)
                    return ErrorCode.UnknownMemberId;

                // Answers come in the order of the commits.
                while (membership.CommitAnswer() is { } answer)
                {
                    if (++_commitsAnswered != number)
                        continue;
                    if (IsRefusedForNow((ErrorCode)answer))
                        Keep(sent);
                    return (ErrorCode)answer;
                }
            }

            var wait = limit - _time.GetElapsedTime(started);
            if (wait <= TimeSpan.Zero)
                return ErrorCode.Local_TimedOut;
            await _committed.WaitAsync(wait, _time, cancellationToken);
        }
    }

    private List<PartitionOffset> TakeOffsets()
    {
        var offsets = new List<PartitionOffset>(_held.Count);
        foreach (var held in _held)
        {
            if (held.ToCommit is not { } offset)
                continue;
            offsets.Add(new PartitionOffset(_definition.Topic, held.Partition, offset));
            held.ToCommit = null;
        }

        return offsets;
    }

    private void Keep(List<PartitionOffset> sent)
    {
        foreach (var held in _held)
        {
            foreach (var offset in sent)
            {
                if (offset.Partition == held.Partition)
                    held.ToCommit ??= offset.Offset;
            }
        }
    }
}
