using Confluent.Kafka;
using Pipeline.EventLog.Kafka.Native;

namespace Pipeline.EventLog.Kafka;

/// <summary>
/// Offsets that the group is told. What it has not acknowledged is sent again, by <see cref="CommitAsync"/> or by the reads that follow. While the group shares out
/// anew it takes none: where the sink owns all positions they only tell of lag and are sent later, so that reading goes on; else the commit waits, but not when the
/// group waits for this member to read its news.
/// </summary>
internal sealed partial class KafkaConsumer
{
    private static readonly TimeSpan _flushTime = TimeSpan.FromSeconds(5);

    /// <summary>On its way to the group; one at a time.</summary>
    private List<PartitionOffset>? _commit;

    /// <summary>When something that the group refused may be sent again.</summary>
    private long? _refused;

    /// <summary>Whether the group has yet to be told something.</summary>
    private bool HasCommits => _held.Exists(h => h.ToCommit is not null);

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
        }

        while (true)
        {
            ErrorCode code;
            lock (_lock)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                if (_membership is not { } membership)
                    return;
                code = ServeCommits(membership);
                if (!HasCommits && !KafkaErrors.IsTerminal(code))
                    return;

                // Where it only tells of lag, reads send it again.
                var isLagOnly = _held.TrueForAll(h => h.ToCommit is null || h.SinkOwnsPosition);
                if (isLagOnly && !KafkaErrors.IsTerminal(code) && (code != ErrorCode.NoError || !membership.TakesCommits))
                    return;
                if (IsRefusedForNow(code) && (_pending ??= membership.Poll()) is not null)
                    return;
                if (code == ErrorCode.NoError || IsRefusedForNow(code))
                    code = _time.GetElapsedTime(started) < _options.OperationTimeout ? ErrorCode.NoError : ErrorCode.Local_TimedOut;
            }

            if (IsOutdated(code))
                throw new TransientException($"{operation}: the group has shared out without this member, which learns of it by its next read.");
            if (code != ErrorCode.NoError)
                throw KafkaErrors.Create(code, operation);
            await _committed.WaitAsync(_retryPause, _time, cancellationToken);
        }
    }

    private static bool IsRefusedForNow(ErrorCode code) =>
        code is ErrorCode.RebalanceInProgress or ErrorCode.Local_WaitCoord or ErrorCode.NotCoordinatorForGroup or ErrorCode.GroupLoadInProgress;

    private static bool IsOutdated(ErrorCode code) => code is ErrorCode.IllegalGeneration or ErrorCode.UnknownMemberId;

    /// <summary>Waits until the group has been told everything, before it is too late: partitions are given back, or the member leaves.</summary>
    private async Task FlushAsync(bool leaving, CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        while (_time.GetElapsedTime(started) < _flushTime)
        {
            lock (_lock)
            {
                if (_membership is not { } membership)
                    return;

                // Nobody reads the group's news any more, and without an answer it goes on without this member.
                if (leaving)
                    Answer(membership);
                if (IsOutdated(ServeCommits(membership)) || !HasCommits)
                    return;
            }

            await _committed.WaitAsync(_retryPause, _time, cancellationToken);
        }
    }

    /// <summary>Takes the answer to the commit on its way, if it came, and sends the next one as soon as the group takes it.</summary>
    /// <returns>What the group answered.</returns>
    private ErrorCode ServeCommits(Membership membership)
    {
        var outcome = ErrorCode.NoError;
        while (membership.CommitAnswer() is { } answer)
            outcome = Settle((ErrorCode)answer);
        if (_commit is not null || !HasCommits || !membership.TakesCommits)
            return outcome;
        if (_refused is { } refused && _time.GetElapsedTime(refused) < _retryPause)
            return outcome;
        _refused = null;
        _commit = [.. _held.Where(h => h.ToCommit is not null).Select(h => new PartitionOffset(_definition.Topic, h.Partition, h.ToCommit!.Value))];
        return membership.Commit(_commit) is not 0 and var error ? Settle((ErrorCode)error) : outcome;
    }

    /// <summary>Forgets what the group was told, or will never take; the rest is told again.</summary>
    private ErrorCode Settle(ErrorCode answer)
    {
        if (answer == ErrorCode.NoError || KafkaErrors.IsTerminal(answer))
        {
            foreach (var held in _held)
            {
                if (held.ToCommit is { } offset && _commit?.Exists(c => c.Partition == held.Partition && c.Offset == offset) == true)
                    held.ToCommit = null;
            }
        }
        else
        {
            _refused = _time.GetTimestamp();
        }

        _commit = null;
        return answer;
    }
}
