using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Workflows.Contracts;

namespace Pipeline.Workflows.Application.Engine;

/// <summary>
/// A worker: takes ready tasks, as many at once as <see cref="WorkflowsOptions.MaxParallelTasks"/>, and records how they end.
/// Any number of processes may have one;
/// they share the tasks. A worker that ends a task goes on with what that made ready, in the same transaction.
/// </summary>
internal sealed class WorkflowEngine(IRunStore store, TryRunner runner, IOptions<WorkflowsOptions> options, TimeProvider time, ILogger<WorkflowEngine> logger)
    : IDisposable
{
    /// <summary>How often new log lines go to the store while a task runs.</summary>
    private static readonly TimeSpan _reportInterval = TimeSpan.FromMilliseconds(500);

    /// <summary>What other workers make due is noticed so late at most: a run's timeout, a lease that is over.</summary>
    private static readonly TimeSpan _sweepInterval = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan _shortestPause = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan _longestPause = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<TryKey, RunningTry> _running = new();
    private readonly Signal _ready = new();
    private readonly Signal _due = new();
    private readonly SemaphoreSlim _slots = new(options.Value.MaxParallelTasks);
    private readonly TimeSpan _renewInterval = options.Value.Lease / 3;
    private volatile bool _stopping;

    /// <summary>The name under which this worker has its leases.</summary>
    public string Owner { get; } = $"{Environment.MachineName}/{Environment.ProcessId}/{Guid.NewGuid().ToString("N")[..8]}";

    /// <summary>Works until cancelled, then gives back what it has.</summary>
    public async Task RunAsync(CancellationToken stoppingToken)
    {
        using var stopped = new CancellationTokenSource();
        await using var giveBack = stoppingToken.Register(GiveBack);
        Task[] background =
        [
            LoopAsync("Listen to runs", ListenAsync, stopped.Token),
            LoopAsync("Renew leases", RenewAsync, stopped.Token),
            LoopAsync("Report on tasks", ReportAsync, stopped.Token),
            LoopAsync("Look after runs", SweepAsync, stopped.Token),
        ];
        await LoopAsync("Take tasks", DispatchAsync, stoppingToken);

        // Leases are renewed until the last task is given back.
        for (var slot = 0; slot < options.Value.MaxParallelTasks; slot++)
            await _slots.WaitAsync(CancellationToken.None);
        await stopped.CancelAsync();
        await Task.WhenAll(background);
    }

    /// <inheritdoc />
    public void Dispose() => _slots.Dispose();

    private void GiveBack()
    {
        _stopping = true;
        foreach (var running in _running.Values)
            running.Stop(StopReason.HostStops);
    }

    private async Task DispatchAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await _slots.WaitAsync(cancellationToken);
            var free = 1;
            try
            {
                while (_slots.Wait(0, CancellationToken.None))
                    free++;

                // Not cancelled: the store might have given tasks that nobody would know of.
                var claimed = await store.ClaimAsync(Owner, free, CancellationToken.None);
                foreach (var task in claimed)
                {
                    var running = Track(task);
                    free--;
                    _ = Task.Run(() => ChainAsync(running), CancellationToken.None);
                }

                if (free == 0)
                    continue;
            }
            finally
            {
                if (free > 0)
                    _slots.Release(free);
            }

            await _ready.WaitAsync(_renewInterval, time, cancellationToken);
        }
    }

    /// <summary>A task, then what it made ready, and so on.</summary>
    private async Task ChainAsync(RunningTry? running)
    {
        try
        {
            while (running is not null)
            {
                IReadOnlyList<ClaimedTask> next;
                using (running)
                {
                    var finished = await runner.RunAsync(running, Owner);
                    next = await RecordAsync(running, finished);
                    _running.TryRemove(running.Key, out _);
                }

                running = next.Count > 0 ? Track(next[0]) : null;
            }
        }
        catch (Exception e)
        {
            Log.LoopFailed(logger, e, "Run tasks", 0);
        }
        finally
        {
            if (running is not null)
                _running.TryRemove(running.Key, out _);
            _slots.Release();
            _ready.Set();
        }
    }

    private RunningTry Track(ClaimedTask task)
    {
        var running = new RunningTry(task, time);
        _running[task.Key] = running;
        if (_stopping)
            running.Stop(StopReason.HostStops);
        return running;
    }

    /// <summary>Records a try's end; while the store is away, again and again until the lease is over.</summary>
    private async Task<IReadOnlyList<ClaimedTask>> RecordAsync(RunningTry running, FinishedTry? finished)
    {
        var simplified = false;
        for (var pause = _shortestPause; finished is not null; pause = pause < _longestPause ? pause * 2 : _longestPause)
        {
            try
            {
                var result = await store.FinishAsync(finished, _stopping ? 0 : 1, CancellationToken.None);
                if (!result.Accepted)
                    break;
                if (result.Ended is { } ended)
                    Ended(ended);
                if (result.Ready > result.Claimed.Count || result.Ended is not null)
                    _ready.Set();
                if (finished.Delay > TimeSpan.Zero)
                    _due.Set();
                return result.Claimed;
            }
            catch (TransientException e)
            {
                if (time.GetElapsedTime(running.LeaseSeen) > options.Value.Lease)
                    break;
                Log.Retrying(logger, "Record the end of a task", e.Message);
                await Task.Delay(pause, time, CancellationToken.None);
            }
            catch (TerminalException e) when (!simplified)
            {
                // The store cannot take what the task left, and will not in another try either.
                simplified = true;
                finished = new FinishedTry
                {
                    Key = finished.Key,
                    Owner = finished.Owner,
                    Outcome = TryOutcome.Failed,
                    Error = StoreText.Of($"The result cannot be kept: {e.Message}"),
                };
            }
        }

        Log.LeaseLost(logger, running.Task.Workflow, running.Key.RunId, running.Task.Name);
        return [];
    }

    private void Ended(EndedRun run)
    {
        WorkflowsTelemetry.RunEnded(run, time.GetUtcNow());
        Log.RunEnded(logger, run.Id, run.Workflow, Names<RunState>.Of(run.State));
    }

    private Task ListenAsync(CancellationToken cancellationToken) => store.ListenAsync(_ready.Set, StopRun, cancellationToken);

    private void StopRun(long run)
    {
        foreach (var running in _running.Values)
        {
            if (running.Key.RunId == run)
                running.Stop(StopReason.RunStops);
        }
    }

    private async Task RenewAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(_renewInterval, time, cancellationToken);
            var held = _running.Values.ToList();
            if (held.Count == 0)
                continue;
            var now = time.GetTimestamp();
            try
            {
                var renewed = await store.RenewAsync(Owner, [.. held.Select(r => r.Key)], cancellationToken);
                foreach (var running in held)
                {
                    if (!renewed.TryGetValue(running.Key, out var stop))
                    {
                        // One that ended meanwhile is not there any more either, and does not mind.
                        running.Stop(StopReason.LeaseLost);
                        continue;
                    }

                    running.LeaseSeen = now;
                    if (stop)
                        running.Stop(StopReason.RunStops);
                }
            }
            catch (TransientException e)
            {
                Log.Retrying(logger, "Renew leases", e.Message);
                foreach (var running in held.Where(r => time.GetElapsedTime(r.LeaseSeen) > options.Value.Lease))
                    running.Stop(StopReason.LeaseLost);
            }
        }
    }

    private async Task ReportAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(_reportInterval, time, cancellationToken);
            foreach (var running in _running.Values)
            {
                if (!running.Log.TryTake(out var lines, out var rows, out var bytes))
                    continue;
                try
                {
                    await store.ReportAsync(Owner, running.Key, lines, rows, bytes, cancellationToken);
                }
                catch (TransientException)
                {
                    running.Log.PutBack(lines);
                    throw;
                }
            }
        }
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var result = await store.SweepAsync(cancellationToken);
            if (result.Lost.Count > 0)
            {
                WorkflowsTelemetry.LeasesLost(result.Lost.Count);
                Log.LeasesExpired(logger, result.Lost.Count);
            }

            foreach (var run in result.Ended)
                Ended(run);
            var due = result.Due is { } known && known < _sweepInterval ? known : _sweepInterval;
            await _due.WaitAsync(due > TimeSpan.Zero ? due : TimeSpan.FromMilliseconds(1), time, cancellationToken);
        }
    }

    /// <summary>Runs a loop until cancelled, again after each failure.</summary>
    private async Task LoopAsync(string operation, Func<CancellationToken, Task> loop, CancellationToken cancellationToken)
    {
        var pause = _shortestPause;
        while (!cancellationToken.IsCancellationRequested)
        {
            var started = time.GetTimestamp();
            try
            {
                await loop(cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (TransientException e)
            {
                Log.Retrying(logger, operation, e.Message);
            }
            catch (Exception e)
            {
                // Whatever it is, a worker goes on: the runs of others depend on it.
                Log.LoopFailed(logger, e, operation, pause.TotalSeconds);
            }

            pause = time.GetElapsedTime(started) > options.Value.Lease ? _shortestPause : TimeSpan.FromSeconds(Math.Min(5, pause.TotalSeconds * 2));
            await Task.Delay(pause, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
