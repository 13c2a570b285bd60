using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Pipeline.DuckDb;

namespace Pipeline.Lake;

/// <summary>The tables of a lake, and the engine that they share for checkpoints and compaction. One of a process.</summary>
public sealed class LakeCatalog : IDisposable
{
    private const int ListAhead = 8;

    private readonly ConcurrentDictionary<string, DeltaTable> _tables = new(StringComparer.Ordinal);
    private readonly Lazy<DuckDatabase> _engine;
    private readonly LakeOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    /// <summary>Opens a lake on a store. Nothing is read or written yet.</summary>
    public LakeCatalog(IObjectStore store, LakeOptions options, TimeProvider time, ILogger<LakeCatalog> logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        Store = store;
        _options = options;
        _time = time;
        _logger = logger;
        _engine = new Lazy<DuckDatabase>(
            () => DuckDatabase.Open(new DuckOptions { MemoryLimitBytes = options.EngineMemoryBytes, Threads = options.EngineThreads }));
    }

    /// <summary>The store that the tables are in.</summary>
    public IObjectStore Store { get; }

    /// <summary>The table at a path, which need not exist yet. The same object each time; the catalog disposes of it.</summary>
    /// <param name="path">The path in the lake, like <c>raw/purchased_items</c>.</param>
    /// <exception cref="TerminalException">The path is not valid.</exception>
    public DeltaTable Table(string path)
    {
        var parsed = ObjectPath.Parse(path);
        return _tables.GetOrAdd(parsed.Value, _ => new DeltaTable(new TableLocation(Store, parsed), _engine, _options, _time, _logger));
    }

    /// <summary>The paths of all tables below a prefix, in lexical order. What is inside a table is not searched.</summary>
    public async IAsyncEnumerable<string> ListTablesAsync(string prefix = "", [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        // The next folder is on the top. Some are listed ahead: on a remote store each takes a round trip.
        var pending = new List<(ObjectPath Folder, Task<List<ObjectPath>>? Children)> { (prefix.Length == 0 ? ObjectPath.Root : ObjectPath.Parse(prefix), null) };
        while (pending.Count > 0)
        {
            for (var i = pending.Count - 1; i >= 0 && i >= pending.Count - ListAhead; i--)
                pending[i] = (pending[i].Folder, pending[i].Children ?? ListFoldersAsync(pending[i].Folder, cancellationToken));
            var (folder, listing) = pending[^1];
            pending.RemoveAt(pending.Count - 1);
            var children = await listing!;
            if (!folder.IsRoot && children.Any(c => c.Name == "_delta_log"))
            {
                yield return folder.Value;
                continue;
            }

            for (var i = children.Count - 1; i >= 0; i--)
            {
                if (!children[i].Name.StartsWith('_') && !children[i].Name.StartsWith('.'))
                    pending.Add((children[i], null));
            }
        }
    }

    /// <summary>Completes when the store answers, else throws. For health checks.</summary>
    public async ValueTask PingAsync(CancellationToken cancellationToken = default)
    {
        await foreach (var folder in Store.ListPrefixesAsync(ObjectPath.Root, cancellationToken))
        {
            _ = folder;
            break;
        }
    }

    /// <summary>Closes the engine and the tables.</summary>
    public void Dispose()
    {
        foreach (var table in _tables.Values)
            table.Dispose();
        if (_engine.IsValueCreated)
            _engine.Value.Dispose();
    }

    private async Task<List<ObjectPath>> ListFoldersAsync(ObjectPath folder, CancellationToken cancellationToken)
    {
        var children = new List<ObjectPath>();
        await foreach (var child in Store.ListPrefixesAsync(folder, cancellationToken))
            children.Add(child);
        return children;
    }
}
