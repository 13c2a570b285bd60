using MediatR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.EventLog;
using Pipeline.Ingestion.Contracts;
using Pipeline.Purchases.Application;

namespace Pipeline.Purchases.Infrastructure;

/// <summary>
/// Buffers what a consumer reads and lands it: while one landing is on its way to the table, the next one fills. The table holds the positions, so whatever
/// goes wrong the answer is one: drop what is buffered, read the positions again, seek.
/// </summary>
/// <remarks>One caller at a time, as the consumer. At most two landings exist; the second is not filled beyond its limits before the first is done.</remarks>
internal sealed class LandingSink : IPartitionHandler, IDisposable
{
    private static readonly TimeSpan _idleWait = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan _busyWait = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan _stopPatience = TimeSpan.FromSeconds(2);

    private readonly IEventLog _log;
    private readonly IPurchaseTable _table;
    private readonly IServiceScopeFactory _scopes;
    private readonly PurchasesOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Dictionary<int, Position> _positions = [];
    private readonly Dictionary<int, long> _groupOffsets = [];
    private readonly CancellationTokenSource _abandon = new();
    private Landing _filling = new();
    private Landing _landing = new();
    private Task<LandingResult>? _inFlight;
    private bool _mustRestart;
    private volatile bool _holdsFirst;

    public LandingSink(
        IEventLog log, IPurchaseTable table, IServiceScopeFactory scopes, IOptions<PurchasesOptions> options, TimeProvider time, ILogger<LandingSink> logger)
    {
        _log = log;
        _table = table;
        _scopes = scopes;
        _options = options.Value;
        _time = time;
        _logger = logger;
    }

    /// <summary>True while this member holds the first partition: one member of the group does, so it is the one to look after the table.</summary>
    public bool HoldsFirstPartition => _holdsFirst;

    /// <summary>How many records wait for their landing; for tests, while nothing is read.</summary>
    internal long BufferedRecords => _filling.Records;

    private bool IsFull => _filling.Records >= _options.CommitRows || _filling.Bytes >= _options.CommitBytes;

    /// <summary>Reads once, and lands what is due. Throws where something failed: the next step starts over from the table's positions.</summary>
    public async Task StepAsync(IConsumer consumer, CancellationToken cancellationToken)
    {
        try
        {
            if (_mustRestart)
                await RestartAsync(consumer, cancellationToken);
            using (var batch = await consumer.ReadAsync(NextWait(), cancellationToken))
            {
                // The handler was called meanwhile, maybe: what was read may not follow on what is buffered.
                if (_mustRestart)
                    return;
                if (batch is not null)
                    Buffer(batch);
                else if (_filling.IsEmpty && _inFlight is null)
                    ReleaseMemory();
            }

            if (IsFull || _inFlight is { IsCompleted: true })
                await FinishAsync(cancellationToken);
            if (!_mustRestart && _inFlight is null && IsDue())
                Start();
            await CommitGroupAsync(consumer, cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            _mustRestart = true;
            throw;
        }
    }

    /// <summary>Lands what is buffered if that is quick, else drops it: both are safe.</summary>
    public async Task StopAsync(IConsumer consumer)
    {
        _abandon.CancelAfter(_stopPatience);
        try
        {
            await DrainAsync(_abandon.Token);
            await CommitGroupAsync(consumer, _abandon.Token);
        }
        catch (Exception e) when (e is TransientException or TerminalException or OperationCanceledException)
        {
            Log.DroppedAtStop(_logger, _filling.Records, e.Message);
        }
    }

    public async ValueTask<IReadOnlyDictionary<int, long>> OnAssignedAsync(IReadOnlyCollection<int> partitions, CancellationToken cancellationToken)
    {
        var next = await LoadAsync(partitions, cancellationToken);
        Log.Starts(_logger, string.Join(", ", next.Select(p => $"{p.Key}/{p.Value}")));
        return next;
    }

    public async ValueTask OnRevokedAsync(IReadOnlyCollection<int> partitions, bool lost, CancellationToken cancellationToken)
    {
        try
        {
            if (lost)
                _mustRestart = true;
            else if (!_mustRestart)
                await DrainAsync(cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            // The next owner starts from the table; this member starts over with what it keeps.
            _mustRestart = true;
            Log.Retrying(_logger, 0, e.Message);
        }

        foreach (var partition in partitions)
        {
            _positions.Remove(partition);
            _groupOffsets.Remove(partition);
        }

        _holdsFirst = _positions.ContainsKey(0);
    }

    public void Dispose() => _abandon.Dispose();

    private void Buffer(RecordBatch batch)
    {
        var position = _positions[batch.Partition];
        if (batch.NextOffset <= position.Next)
            return;
        if (batch.BaseOffset > position.Next)
        {
            PurchasesTelemetry.Gone.Add(batch.BaseOffset - position.Next);
            Log.RecordsGone(_logger, batch.Partition, position.Next, batch.BaseOffset - 1);
        }

        _filling.Add(batch, position.Next, position.Landed, _time.GetTimestamp());
        _positions[batch.Partition] = position with { Next = batch.NextOffset };
    }

    private void ReleaseMemory()
    {
        _filling.Release();
        _landing.Release();
    }

    private bool IsDue() => !_filling.IsEmpty && (IsFull || _time.GetElapsedTime(_filling.Since) >= _options.CommitInterval);

    private TimeSpan NextWait()
    {
        if (_inFlight is not null)
            return _busyWait;
        if (_filling.IsEmpty)
            return _idleWait;
        var wait = _options.CommitInterval - _time.GetElapsedTime(_filling.Since);
        return wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
    }

    private void Start()
    {
        (_filling, _landing) = (_landing, _filling);
        foreach (var (partition, range) in _landing.Partitions)
        {
            if (_positions.TryGetValue(partition, out var position))
                _positions[partition] = position with { Landed = range.Last };
        }

        var landing = _landing;
        _inFlight = Task.Run(() => LandAsync(landing, _abandon.Token));
    }

    private async Task<LandingResult> LandAsync(Landing landing, CancellationToken cancellationToken)
    {
        using var activity = PurchasesTelemetry.StartLanding(landing);
        await using var scope = _scopes.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<IMediator>().Send(new LandPurchases(landing), cancellationToken);
    }

    /// <summary>Waits for the landing in flight. Where it was fenced, or failed, nothing that was read after it may land.</summary>
    private async Task FinishAsync(CancellationToken cancellationToken)
    {
        if (_inFlight is not { } task)
            return;
        await ((Task)task).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!task.IsCompleted)
            cancellationToken.ThrowIfCancellationRequested();
        _inFlight = null;
        try
        {
            var result = await task;
            if (result.Version is null)
                _mustRestart = true;
            else
                NoteLanded();
        }
        finally
        {
            _landing.Reset();
        }
    }

    private void NoteLanded()
    {
        foreach (var (partition, range) in _landing.Partitions)
        {
            if (_positions.ContainsKey(partition))
                _groupOffsets[partition] = range.Next;
        }
    }

    /// <summary>Lands all that is buffered.</summary>
    private async Task DrainAsync(CancellationToken cancellationToken)
    {
        await FinishAsync(cancellationToken);
        if (_mustRestart || _filling.IsEmpty)
            return;
        Start();
        await FinishAsync(cancellationToken);
    }

    /// <summary>Drops all that is buffered and goes on from where the table is.</summary>
    private async Task RestartAsync(IConsumer consumer, CancellationToken cancellationToken)
    {
        if (_inFlight is not null)
        {
            var task = _inFlight;
            _inFlight = null;
            await ((Task)task).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        _filling.Reset();
        _landing.Reset();
        foreach (var (partition, next) in await LoadAsync(consumer.Assignment, cancellationToken))
            consumer.Seek(partition, next);
        _mustRestart = false;
    }

    private async Task<Dictionary<int, long>> LoadAsync(IReadOnlyCollection<int> partitions, CancellationToken cancellationToken)
    {
        var landed = await _table.GetLandedAsync(cancellationToken);
        await CheckLogAsync(partitions, landed, cancellationToken);
        var next = new Dictionary<int, long>(partitions.Count);
        foreach (var partition in partitions)
        {
            long? last = landed.TryGetValue(partition, out var offset) ? offset : null;
            next[partition] = (last ?? -1) + 1;
            _positions[partition] = new Position(last, next[partition]);

            // A crash may have come between the table's commit and the group's.
            if (last is not null)
                _groupOffsets[partition] = next[partition];
        }

        _holdsFirst = _positions.ContainsKey(0);
        return next;
    }

    /// <summary>A log that ends before the table's positions was made anew: its records would be passed over in silence.</summary>
    private async Task CheckLogAsync(IReadOnlyCollection<int> partitions, IReadOnlyDictionary<int, long> landed, CancellationToken cancellationToken)
    {
        if (!partitions.Any(landed.ContainsKey))
            return;
        var topic = (await _log.GetTopicsAsync(cancellationToken)).FirstOrDefault(t => t.Name == Topics.PurchasedItem);
        foreach (var status in topic?.Partitions ?? [])
        {
            if (partitions.Contains(status.Partition) && landed.TryGetValue(status.Partition, out var last) && last >= status.EndOffset)
            {
                throw new TerminalException(
                    $"The table {Contracts.PurchasedItemsTable.Path} holds {Topics.PurchasedItem}/{status.Partition} up to offset {last}, "
                    + $"but the log ends at {status.EndOffset}: "
                    + "the log is not the one that the table was filled from. Restore it, or move the table away to fill a new one.");
            }
        }
    }

    private async ValueTask CommitGroupAsync(IConsumer consumer, CancellationToken cancellationToken)
    {
        if (_groupOffsets.Count == 0)
            return;
        await consumer.CommitAsync(_groupOffsets, cancellationToken);
        _groupOffsets.Clear();
    }

    private readonly record struct Position(long? Landed, long Next);
}
