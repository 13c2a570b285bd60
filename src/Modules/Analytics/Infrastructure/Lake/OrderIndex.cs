using System.Globalization;
using Microsoft.Extensions.Logging;
using Pipeline.Lake;

namespace Pipeline.Analytics.Infrastructure.Lake;

/// <summary>
/// Knows which rows of the table repeat an order that the table has already: table <c>repeated_orders</c> of the engine. It follows the table's
/// versions and looks at new rows only, so that no question has to compare all orders with each other.
/// </summary>
/// <remarks>
/// <para>Of the rows of one OrderId the first by <c>(_ingested_at, _partition, _offset)</c> counts: the one that the log took first. Table
/// <c>order_keys</c> holds a hash of each OrderId and the day of its file, 12 bytes an order. A new row whose hash is there (or another new row's)
/// is looked up by its OrderId, in the files of the days concerned.</para>
/// <para>New rows are told by their offsets: a partition's rows land in order. Where the number of rows shows that this did not hold (rows were deleted or
/// written by others), the index is built anew. Everything of a version becomes visible with its number in <c>order_index</c>, in one transaction.</para>
/// </remarks>
internal sealed class OrderIndex(LakeEngine engine, TimeProvider time, ILogger<OrderIndex> logger) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stop = new();
    private Task? _update;
    private Indexed? _current;

    /// <summary>The newest version that is indexed; null before the first one.</summary>
    public DeltaSnapshot? Current => _current?.Snapshot;

    /// <summary>The text by which <c>order_index</c> names a version.</summary>
    public static string NameOf(DeltaSnapshot snapshot) => string.Create(CultureInfo.InvariantCulture, $"{snapshot.Id}/{snapshot.Version}");

    /// <summary>
    /// Completes when a version, or a later one, is indexed. The work is shared by all who wait for it and goes on when they stop waiting.
    /// </summary>
    public async Task UpdateAsync(DeltaSnapshot snapshot, CancellationToken cancellationToken)
    {
        while (!Covers(snapshot))
        {
            Task update;
            lock (_lock)
            {
                if (_update is null or { IsCompleted: true })
                    _update = Task.Run(() => AdvanceAsync(snapshot, _stop.Token), _stop.Token);
                update = _update;
            }

            await update.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Whether the index is in this database of the engine; else it was lost with another one, and is built anew by the next update.</summary>
    public bool Holds(int generation)
    {
        if (_current is not { } current)
            return false;
        if (current.Generation == generation)
            return true;
        _ = Interlocked.CompareExchange(ref _current, null, current);
        return false;
    }

    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
    }

    private bool Covers(DeltaSnapshot snapshot) => _current?.Snapshot is { } current && current.Id == snapshot.Id && current.Version >= snapshot.Version;

    private async Task AdvanceAsync(DeltaSnapshot snapshot, CancellationToken cancellationToken)
    {
        if (Covers(snapshot))
            return;
        var (connection, generation) = engine.Connect();
        using (connection)
        {
            try
            {
                var started = time.GetTimestamp();
                var build = new IndexBuild(connection, snapshot, cancellationToken);
                var added = await ExtendAsync(build, generation) ?? await RebuildAsync(build);
                _current = new Indexed(snapshot, build.Rows, generation);
                Log.Indexed(logger, build.Rows, snapshot.Version, added, build.Repeated, (long)time.GetElapsedTime(started).TotalMilliseconds);
            }
            catch (Exception e)
            {
                engine.Report(e, generation);
                throw;
            }
        }
    }

    /// <summary>Adds what is new since the version before. Null where that cannot be told.</summary>
    private async Task<long?> ExtendAsync(IndexBuild build, int generation)
    {
        if (_current is not { } before || before.Generation != generation)
            return null;
        if (before.Snapshot.Id != build.Snapshot.Id || before.Snapshot.Version > build.Snapshot.Version)
            return null;
        var known = before.Snapshot.Files.Select(f => f.Path).ToHashSet(StringComparer.Ordinal);
        var added = await build.TryExtendAsync(before.Rows, [.. build.Snapshot.Files.Where(f => !known.Contains(f.Path))]);
        if (added is null)
            Log.IndexRebuilt(logger, build.Snapshot.Version, "rows came or went other than by landing");
        return added;
    }

    private static async Task<long> RebuildAsync(IndexBuild build)
    {
        await build.RebuildAsync();
        return build.Rows;
    }

    private sealed record Indexed(DeltaSnapshot Snapshot, long Rows, int Generation);
}
