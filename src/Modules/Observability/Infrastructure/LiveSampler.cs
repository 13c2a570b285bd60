using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.EventLog;
using Pipeline.Lake;
using Pipeline.Observability.Application;
using Pipeline.Observability.Domain;

namespace Pipeline.Observability.Infrastructure;

/// <summary>
/// Looks at the log every second while somebody asks, else every five, and at the tables of the lake only while somebody asks. What one look costs is a few rows of two small
/// queries; with nobody looking that is all.
/// </summary>
internal sealed class LiveSampler(
    LiveState state, IMeasurements measurements, IEventLog log, LakeCatalog lake, IOptions<ObservabilityOptions> options, TimeProvider time, ILogger<LiveSampler> logger)
    : BackgroundService
{
    private const int IdleTicks = 5;

    /// <summary>The time between looks at the lake is at least so many times what one takes.</summary>
    private const int LeastRest = 20;

    private static readonly TimeSpan _tick = TimeSpan.FromSeconds(1);

    private long _zero;
    private long _zeroAt;
    private (int Partition, long Offset, string Topic, DateTimeOffset At)? _learned;
    private Task _lakeLook = Task.CompletedTask;
    private TimeSpan _lakeTook;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        _zero = time.GetUtcNow().ToUnixTimeMilliseconds();
        _zeroAt = time.GetTimestamp();
        try
        {
            for (var tick = 0; ; tick++)
            {
                await LookAsync(tick, stoppingToken);
                await state.WaitAsync(_tick, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await _lakeLook.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task LookAsync(int tick, CancellationToken cancellationToken)
    {
        LookAtRequests();
        var watched = state.IsWatched;
        if (watched || tick % IdleTicks == 0)
            await LookAtLogAsync(watched, cancellationToken);
        if (watched && _lakeLook.IsCompleted && (state.Lake is null || time.GetUtcNow() - state.Lake.At >= Longer(options.Value.TableInterval, _lakeTook * LeastRest)))
            _lakeLook = LookAtLakeAsync(cancellationToken);
    }

    /// <summary>The time of a look: it never goes back, as the wall clock may.</summary>
    private long Now() => _zero + (long)time.GetElapsedTime(_zeroAt).TotalMilliseconds;

    private void LookAtRequests()
    {
        var requests = measurements.RequestCounts();
        var rejected = measurements.Find(IMeasurements.Rejected)?.AllSeries().Select(s => (s.Labels.Length == 0 ? "" : s.Labels[0].Value, (long)s.Value)).ToArray() ?? [];
        lock (state.Lock)
        {
            state.Requests.Look(Now(), Buckets.Seconds, requests);
            state.Rejected.Look(Now(), rejected);
        }
    }

    private Task LookAtLogAsync(bool watched, CancellationToken cancellationToken) => TryAsync("the log", trouble => state.LogTrouble = trouble, async () =>
    {
        var topics = await log.GetTopicsAsync(cancellationToken);
        var groups = await log.GetGroupsAsync(cancellationToken);
        var readTopics = topics.Select(t => new TopicReading(
            t.Name, t.Name.EndsWith(DeadLetters.Suffix, StringComparison.Ordinal),
            [.. t.Partitions.Select(p => new PartitionReading(p.Partition, p.StartOffset, p.EndOffset))])).ToArray();
        var readGroups = groups.Select(g => new GroupReading(
            g.Group, g.Topic, g.Members, [.. g.Partitions.Select(p => new GroupPartitionReading(p.Partition, p.CommittedOffset, p.EndOffset))])).ToArray();
        lock (state.Lock)
        {
            state.Log.Look(Now(), readTopics, readGroups);
            state.LogAt = time.GetUtcNow();
        }

        if (watched)
            await LearnAgesAsync(cancellationToken);
    });

    /// <summary>Reads the records that waited before the first look, for when they were appended; one at a time, as long as a group stands still only once.</summary>
    private async Task LearnAgesAsync(CancellationToken cancellationToken)
    {
        GroupPulse[] unknown;
        lock (state.Lock)
            unknown = [.. state.Log.Groups.Where(g => g.Unknown is not null)];
        foreach (var group in unknown)
        {
            var (partition, offset) = group.Unknown!.Value;
            var topic = group.Reading.Topic;
            if (_learned is not { } learned || (learned.Topic, learned.Partition, learned.Offset) != (topic, partition, offset))
            {
                using var batch = await log.ReadAsync(topic, partition, offset, maxBytes: 1, cancellationToken);
                if (new RecordCursor(batch) is var cursor && !cursor.TryNext(out var record))
                    continue;
                _learned = learned = (partition, offset, topic, record.Timestamp);
            }

            lock (state.Lock)
                group.Learn((long)(time.GetUtcNow() - learned.At).TotalMilliseconds);
        }
    }

    private Task LookAtLakeAsync(CancellationToken cancellationToken) => TryAsync("the lake", trouble => state.LakeTrouble = trouble, async () =>
    {
        var started = time.GetTimestamp();
        var count = 0;
        var newest = new PriorityQueue<TableReading, DateTimeOffset>();
        await foreach (var path in lake.ListTablesAsync(cancellationToken: cancellationToken))
        {
            if (await lake.Table(path).SummariseAsync(cancellationToken) is not { } table)
                continue;
            count++;
            newest.Enqueue(new TableReading(path, table.Version, table.Rows, table.Files, table.Bytes, table.Timestamp), table.Timestamp);
            if (newest.Count > options.Value.Tables)
                newest.Dequeue();
        }

        var tables = newest.UnorderedItems.Select(t => t.Element).OrderByDescending(t => t.CommittedAt).ThenBy(t => t.Name, StringComparer.Ordinal).ToArray();
        _lakeTook = time.GetElapsedTime(started);
        var reading = new LakeReading(time.GetUtcNow(), count, tables, FreeBytes());
        lock (state.Lock)
            state.Lake = reading;
    });

    /// <summary>Looks, and tells what is in the way of it, or that nothing is.</summary>
    private async Task TryAsync(string what, Action<string?> tell, Func<Task> look)
    {
        string? trouble = null;
        try
        {
            await look();
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            trouble = e.Message;
            if (e is not TransientException)
                Log.LookFailed(logger, e, what);
        }

        lock (state.Lock)
            tell(trouble);
    }

    private static TimeSpan Longer(TimeSpan a, TimeSpan b) => a > b ? a : b;

    /// <summary>The room on the disk of a lake in a folder.</summary>
    private long? FreeBytes() =>
        Path.IsPathFullyQualified(lake.Store.Location) && Directory.Exists(lake.Store.Location) ? new DriveInfo(lake.Store.Location).AvailableFreeSpace : null;
}
