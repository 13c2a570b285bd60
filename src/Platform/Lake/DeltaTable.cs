using Microsoft.Extensions.Logging;
using Pipeline.DuckDb;

namespace Pipeline.Lake;

/// <summary>
/// A Delta table of the lake, existing or to be created. Safe for use by many threads; get it from <see cref="LakeCatalog.Table"/>, so that all of a process
/// share one view of its log.
/// </summary>
/// <remarks>
/// Tables are of reader version 1 and writer version 2 of the Delta protocol. One that needs more is refused with a <see cref="TerminalException"/>
/// that names what it needs. Operations throw <see cref="TransientException"/> where a later try may succeed; a commit is atomic either way.
/// </remarks>
public sealed partial class DeltaTable : IDisposable
{
    private readonly TableLocation _location;
    private readonly Lazy<DuckDatabase> _engine;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly TableLog _log;
    private readonly Committer _committer;

    internal DeltaTable(TableLocation location, Lazy<DuckDatabase> engine, LakeOptions options, TimeProvider time, ILogger logger)
    {
        _location = location;
        _engine = engine;
        _time = time;
        _logger = logger;
        var checkpoints = new CheckpointFiles(engine);
        _log = new TableLog(location, checkpoints, time);
        _committer = new Committer(_log, checkpoints, options, time, logger);
    }

    /// <summary>The table's path in the lake, like <c>raw/purchased_items</c>.</summary>
    public string Path => _location.Path.Value;

    /// <summary>True where the table has a first commit.</summary>
    public async ValueTask<bool> ExistsAsync(CancellationToken cancellationToken = default) => await _log.LatestAsync(cancellationToken) is not null;

    /// <summary>The newest version. Costs one look at the log when nothing is new, else the reading of the new commits.</summary>
    /// <exception cref="TerminalException">There is no such table, or it needs a reader that this is not.</exception>
    public async ValueTask<DeltaSnapshot> SnapshotAsync(CancellationToken cancellationToken = default) =>
        await _log.LatestAsync(cancellationToken) ?? throw NoTable();

    /// <summary>The newest version; null where there is no such table.</summary>
    public ValueTask<DeltaSnapshot?> TrySnapshotAsync(CancellationToken cancellationToken = default) => _log.LatestAsync(cancellationToken);

    /// <summary>
    /// The figures of the newest version; null where there is no such table. Unlike a snapshot it leaves nothing large in memory: for looks at all tables of a lake, again and
    /// again. Costs two looks at the log's names when nothing is new.
    /// </summary>
    public ValueTask<TableSummary?> SummariseAsync(CancellationToken cancellationToken = default) => _log.SummariseAsync(cancellationToken);

    /// <summary>The table as it was at a version.</summary>
    /// <exception cref="TerminalException">The version is not there: it never was, or the log was cleaned up.</exception>
    public async ValueTask<DeltaSnapshot> SnapshotAsync(long version, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(version);
        return await _log.LoadAsync(version, cancellationToken) ?? throw NoTable();
    }

    /// <summary>Writes a checkpoint of the newest version now. Appends do so by themselves every few commits.</summary>
    public async ValueTask CheckpointAsync(CancellationToken cancellationToken = default) =>
        await _committer.CheckpointAsync(await SnapshotAsync(cancellationToken), cancellationToken);

    /// <summary>Releases what the table holds.</summary>
    public void Dispose() => _committer.Dispose();

    private TerminalException NoTable() => new($"There is no Delta table '{Path}' in {_location.Store.Location}.");
}
