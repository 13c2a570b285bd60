using System.Buffers;
using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Npgsql;
using Pipeline.Postgres;

namespace Pipeline.EventLog.Postgres;

/// <summary>
/// Group commit: appends are encoded into the pages that wait, and one thread writes all that waits in one transaction and one round trip. What
/// is appended meanwhile gathers for the next one, so batches grow with the load and nothing ever waits for a timer.
/// </summary>
internal sealed class LogWriter : IAsyncDisposable
{
    private static readonly TimeSpan _firstBackoff = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan _longestBackoff = TimeSpan.FromSeconds(1);

    private readonly NpgsqlDataSource _dataSource;
    private readonly PostgresLogOptions _options;
    private readonly TailCache _cache;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private readonly AppendPool _appends = new();
    private readonly SlabPool _slabs;
    private readonly Queue<Flush> _full = new();
    private readonly Stack<Flush> _spare = new();
    private readonly AutoResetEvent _wake = new(false);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly NotifySchedule _notify;
    private Flush _filling = new();
    private Thread? _thread;
    private AppendCommand? _command;
    private volatile Outage? _outage;
    private volatile int _processId;
    private long _pendingBytes;
    private int _pendingRecords;
    private bool _idle = true;
    private bool _stopping;

    public LogWriter(NpgsqlDataSource dataSource, PostgresLogOptions options, TailCache cache, TimeProvider time, ILogger logger)
    {
        _dataSource = dataSource;
        _options = options;
        _cache = cache;
        _time = time;
        _logger = logger;
        _notify = new NotifySchedule(options.NotifyInterval, time);
        _slabs = new SlabPool((int)Math.Min(4096, (options.TailCacheBytes + (4L * options.MaxFlushBytes)) / Slab.Size));
    }

    /// <summary>The server's process of the writer's connection, which names it in notifications; 0 when there is none.</summary>
    public int ProcessId => _processId;

    public ValueTask<RecordPosition> AppendAsync(Topic topic, in NewRecord record, CancellationToken cancellationToken)
    {
        var size = RecordCodec.GetSize(record);
        if (Refuse(topic, size, size, 1, cancellationToken) is { } refusal)
            return ValueTask.FromException<RecordPosition>(refusal);
        var partition = record.Key.IsEmpty ? topic.NextPartition() : Partitioner.ForKey(record.Key.Span, topic.Lanes.Length);
        var timestamp = _time.GetUtcNow().ToUnixTimeMilliseconds();
        PendingAppend append;
        bool wake;
        lock (_lock)
        {
            if (RefuseLocked(topic, size, 1) is { } full)
                return ValueTask.FromException<RecordPosition>(full);
            var buffer = Fill(topic, size, 1).Use(partition);
            var relative = buffer.Add(_slabs, record, size, timestamp);
            append = _appends.Rent();
            append.Start(buffer, relative, cancellationToken);
            wake = Enqueue(append);
        }

        if (wake)
            _wake.Set();
        var task = new ValueTask<RecordPosition>(append, append.Version);
        append.RegisterCancellation();
        return task;
    }

    public ValueTask AppendAsync(Topic topic, ReadOnlySpan<NewRecord> records, Memory<RecordPosition> positions, CancellationToken cancellationToken)
    {
        if (records.IsEmpty)
            return ValueTask.CompletedTask;
        positions = positions[..records.Length];
        var sizes = ArrayPool<int>.Shared.Rent(records.Length);
        try
        {
            var total = Measure(topic, records, sizes, positions.Span, out var largest);
            if (Refuse(topic, largest, total, records.Length, cancellationToken) is { } refusal)
                return ValueTask.FromException(refusal);
            var timestamp = _time.GetUtcNow().ToUnixTimeMilliseconds();
            PendingAppend append;
            bool wake;
            lock (_lock)
            {
                if (RefuseLocked(topic, total, records.Length) is { } full)
                    return ValueTask.FromException(full);
                var buffer = Fill(topic, (int)total, records.Length);
                var places = positions.Span;
                for (var i = 0; i < records.Length; i++)
                {
                    var partition = places[i].Partition;
                    places[i] = new RecordPosition(partition, buffer.Use(partition).Add(_slabs, records[i], sizes[i], timestamp));
                }

                append = _appends.Rent();
                append.Start(buffer, positions, cancellationToken);
                wake = Enqueue(append);
            }

            if (wake)
                _wake.Set();
            var task = new ValueTask(append, append.Version);
            append.RegisterCancellation();
            return task;
        }
        finally
        {
            ArrayPool<int>.Shared.Return(sizes);
        }
    }

    /// <summary>Writes what waits, within the limit of time, and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        bool running;
        lock (_lock)
        {
            _stopping = true;
            running = _thread is not null;
        }

        if (!running)
            return;
        _wake.Set();
        await _ended.Task.WaitAsync(_options.DrainTimeout, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!_ended.Task.IsCompleted)
        {
            var left = TakeAll();
            foreach (var flush in left)
                Fail(flush, new TransientException($"the log stopped before it was written within {_options.DrainTimeout}"));
        }
    }

    private static long Measure(Topic topic, ReadOnlySpan<NewRecord> records, int[] sizes, Span<RecordPosition> places, out int largest)
    {
        var total = 0L;
        var spread = -1;
        largest = 0;
        for (var i = 0; i < records.Length; i++)
        {
            ref readonly var record = ref records[i];
            sizes[i] = RecordCodec.GetSize(record);
            largest = Math.Max(largest, sizes[i]);
            total += sizes[i];
            if (record.Key.IsEmpty && spread < 0)
                spread = topic.NextPartition();
            places[i] = new RecordPosition(record.Key.IsEmpty ? spread : Partitioner.ForKey(record.Key.Span, topic.Lanes.Length), 0);
        }

        return total;
    }

    private Exception? Refuse(Topic topic, int largest, long total, int records, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return new OperationCanceledException(cancellationToken);
        if (largest > _options.MaxRecordBytes)
            return new TerminalException($"Append to topic {topic.Name}: a record has {largest} bytes; at most {_options.MaxRecordBytes} are allowed.");
        if (total > _options.MaxPendingBytes || records > _options.MaxPendingRecords)
        {
            return new TerminalException(
                $"Append to topic {topic.Name}: {records} records of {total} bytes are more than one append may have "
                + $"({_options.MaxPendingRecords}, {_options.MaxPendingBytes} bytes).");
        }

        return null;
    }

    private TransientException? RefuseLocked(Topic topic, long bytes, int records)
    {
        if (_stopping)
            return new TransientException($"Append to topic {topic.Name}: the log is stopping.");
        if (_outage is { } outage && !outage.IsOver(_time))
            return new TransientException($"Append to topic {topic.Name}: PostgreSQL is away: {outage.Reason}");
        if (_pendingBytes + bytes <= _options.MaxPendingBytes && _pendingRecords + records <= _options.MaxPendingRecords)
            return null;
        LogTelemetry.Refused.Add(1);
        return new TransientException($"Append to topic {topic.Name}: {_pendingRecords} records of {_pendingBytes} bytes wait to be written already.");
    }

    /// <summary>The part of the flush at hand, or of the next one when that is full.</summary>
    private TopicBuffer Fill(Topic topic, int bytes, int records)
    {
        if (_filling.Bytes > 0 && _filling.Bytes + bytes > _options.MaxFlushBytes)
        {
            _filling.Seal();
            _full.Enqueue(_filling);
            _filling = _spare.TryPop(out var spare) ? spare : new Flush();
        }

        _filling.Bytes += bytes;
        _filling.Records += records;
        _pendingBytes += bytes;
        _pendingRecords += records;
        if (topic.Pending is { } pending)
            return pending;
        topic.Pending = topic.Spare.TryPop(out var buffer) ? buffer : new TopicBuffer(topic);
        _filling.Topics.Add(topic.Pending);
        return topic.Pending;
    }

    private bool Enqueue(PendingAppend append)
    {
        _filling.Appends.Add(append);
        if (LogTelemetry.Source.HasListeners())
            _filling.AddTrace(Activity.Current);
        if (_thread is null)
        {
            // The thread outlives the request that it starts in, and is no part of its trace.
            _thread = new Thread(Run) { IsBackground = true, Name = "log writer" };
            _thread.UnsafeStart();
        }

        var wake = _idle;
        _idle = false;
        return wake;
    }

    private void Run()
    {
        while (Take(out var flush))
        {
            if (flush is null)
            {
                WaitForAppends();
                continue;
            }

            Write(flush);
            lock (_lock)
            {
                _pendingBytes -= flush.Bytes;
                _pendingRecords -= flush.Records;
                flush.Clear();
                _spare.Push(flush);
            }
        }

        _command?.Dispose();
        _ended.SetResult();
    }

    /// <summary>The next flush, null where nothing waits. False when the writer is to end.</summary>
    private bool Take(out Flush? flush)
    {
        lock (_lock)
        {
            if (_full.TryDequeue(out flush))
                return true;
            if (!_filling.IsEmpty)
            {
                flush = _filling;
                flush.Seal();
                _filling = _spare.TryPop(out var spare) ? spare : new Flush();
                return true;
            }

            _idle = true;
            return !_stopping;
        }
    }

    private void WaitForAppends()
    {
        if (_notify.Remaining is not { } remaining)
            _wake.WaitOne();
        else if (!_wake.WaitOne(remaining) && _notify.TakeAll() is { } topics)
            Notify(topics);
    }

    private void Notify(string topics)
    {
        try
        {
            _command?.Notify(topics);
        }
        catch (Exception e)
        {
            // Readers look again by themselves; the next flush opens a new connection. Whatever it is, it must not end the thread, and the process with it.
            Disconnect(e);
        }
    }

    private void Write(Flush flush)
    {
        using var activity = LogTelemetry.Source.StartActivity("log flush", ActivityKind.Producer, default(ActivityContext), links: flush.Traces);
        activity?.SetTag("messaging.batch.message_count", flush.Records).SetTag("pipeline.eventlog.bytes", flush.Bytes);
        var started = _time.GetTimestamp();
        int rows;
        try
        {
            if (_command is null)
                Connect();
            rows = _command!.Execute(flush, _notify.Take(flush));
        }
        catch (Exception e)
        {
            activity?.SetStatus(ActivityStatusCode.Error, e.Message);
            if (_command is not null && (e is not PostgresException { SqlState: var state } || state.StartsWith("57", StringComparison.Ordinal)))
            {
                Disconnect(e);
                e = new TransientException($"the connection was lost in mid-write, so the records may be in the log or not: {e.Message}", e);
            }
            else if (_command is { IsOpen: false })
            {
                // The server said that it took nothing.
                Disconnect(e);
            }

            Log.FlushFailed(_logger, flush.Records, flush.Bytes, PostgresErrors.IsTransient(e), e);
            LogTelemetry.FlushFailures.Add(1);
            Fail(flush, e);
            return;
        }

        foreach (var append in flush.Appends)
            append.Complete();
        foreach (var topic in flush.Topics)
        {
            foreach (var lane in topic.Used)
            {
                _cache.Add(lane.Lane, lane.Rows, lane.BaseOffset);
                lane.Lane.Advance(lane.BaseOffset + lane.Count);
            }

            topic.Topic.Wake();
        }

        LogTelemetry.Flushed(flush.Records, flush.Bytes, rows, _time.GetElapsedTime(started));
    }

    private void Connect()
    {
        if (_outage is { } outage && !outage.IsOver(_time))
            throw new TransientException($"PostgreSQL is away: {outage.Reason}");
        try
        {
            _command = AppendCommand.Open(_dataSource, _options.FlushTimeout);
            _processId = _command.ProcessId;
            if (_outage is not null)
                Log.WriterConnected(_logger);
            _outage = null;
        }
        catch (Exception e) when (PostgresErrors.IsTransient(e))
        {
            var backoff = _outage is null ? _firstBackoff : _outage.Backoff * 2;
            _outage = new Outage(e.Message, backoff < _longestBackoff ? backoff : _longestBackoff, _time.GetTimestamp());
            throw;
        }
    }

    private void Disconnect(Exception reason)
    {
        if (_command is null)
            return;
        Log.WriterDisconnected(_logger, reason.Message);
        _command.Dispose();
        _command = null;
    }

    private static void Fail(Flush flush, Exception reason)
    {
        foreach (var append in flush.Appends)
            append.Fail(reason);
        foreach (var topic in flush.Topics)
        {
            foreach (var lane in topic.Used)
                lane.Release();
        }
    }

    private List<Flush> TakeAll()
    {
        var left = new List<Flush>();
        while (Take(out var flush) && flush is not null)
            left.Add(flush);
        return left;
    }

    /// <summary>PostgreSQL could not be reached: until the time is over, appends fail at once.</summary>
    private sealed record Outage(string Reason, TimeSpan Backoff, long Since)
    {
        public bool IsOver(TimeProvider time) => time.GetElapsedTime(Since) >= Backoff;
    }
}
