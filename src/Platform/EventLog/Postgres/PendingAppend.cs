using System.Collections.Concurrent;
using Pipeline.Postgres;

namespace Pipeline.EventLog.Postgres;

/// <summary>An append that waits to be durable.</summary>
internal sealed class PendingAppend(AppendPool pool) : AppendTask
{
    private LaneBuffer? _lane;
    private TopicBuffer? _topic;
    private int _relative;
    private Memory<RecordPosition> _positions;

    /// <summary>Waits for one record.</summary>
    public void Start(LaneBuffer lane, int relative, CancellationToken cancellationToken)
    {
        _lane = lane;
        _relative = relative;
        Begin(cancellationToken);
    }

    /// <summary>Waits for several records, whose positions hold the place in the flush for now.</summary>
    public void Start(TopicBuffer topic, Memory<RecordPosition> positions, CancellationToken cancellationToken)
    {
        _topic = topic;
        _positions = positions;
        Begin(cancellationToken);
    }

    /// <summary>The records are durable.</summary>
    public void Complete()
    {
        if (TryDecide())
        {
            if (_lane is { } lane)
            {
                SetResult(new RecordPosition(lane.Lane.Partition, lane.BaseOffset + _relative));
            }
            else
            {
                foreach (ref var position in _positions.Span)
                    position = position with { Offset = _topic![position.Partition].BaseOffset + position.Offset };
                SetResult(default);
            }
        }

        Release();
    }

    /// <summary>The records could not be written, or it is not known whether they were.</summary>
    public void Fail(Exception cause)
    {
        if (TryDecide())
        {
            var message = $"Append to topic {(_topic?.Topic ?? _lane!.Lane.Topic).Name}: {cause.Message}";
            SetException(PostgresErrors.IsTransient(cause) ? new TransientException(message, cause) : new TerminalException(message, cause));
        }

        Release();
    }

    protected override void Recycle()
    {
        _lane = null;
        _topic = null;
        _positions = default;
        pool.Return(this);
    }
}

/// <summary>Keeps the objects of finished appends for the next ones.</summary>
internal sealed class AppendPool
{
    private const int Capacity = 1024;

    private readonly ConcurrentQueue<PendingAppend> _free = new();
    private int _count;

    public PendingAppend Rent()
    {
        if (!_free.TryDequeue(out var append))
            return new PendingAppend(this);
        Interlocked.Decrement(ref _count);
        return append;
    }

    public void Return(PendingAppend append)
    {
        if (Interlocked.Increment(ref _count) <= Capacity)
            _free.Enqueue(append);
        else
            Interlocked.Decrement(ref _count);
    }
}
