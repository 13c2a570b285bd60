using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.DuckDb;

namespace Pipeline.Analytics.Infrastructure.Lake;

/// <summary>
/// The engine that computes over the lake: one database in memory, opened when it is first used, which holds nothing but the order index and bounds the memory
/// of all questions together.
/// </summary>
internal sealed class LakeEngine(IOptions<AnalyticsOptions> options, ILogger<LakeEngine> logger) : IDisposable
{
    private readonly SemaphoreSlim _slots = new(options.Value.MaxConcurrentQueries);
    private readonly Lock _lock = new();
    private DuckDatabase? _database;
    private SpillFolder? _spill;
    private int _generation;
    private bool _disposed;

    /// <summary>Waits for the turn to compute. Disposal of the result ends the turn.</summary>
    public async Task<IDisposable> EnterAsync(CancellationToken cancellationToken)
    {
        await _slots.WaitAsync(cancellationToken);
        return new Slot(_slots);
    }

    /// <summary>Connects.</summary>
    /// <returns>The connection, and which database it is of: after a breakdown there is a new one, which holds nothing.</returns>
    public (DuckConnection Connection, int Generation) Connect()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return ((_database ??= Open()).Connect(), _generation);
        }
    }

    /// <summary>Looks at an error of a database: one that broke down is closed, so that the next connection opens another.</summary>
    public void Report(Exception error, int generation)
    {
        if (DuckError.Of(error) is not { Type: DuckErrorType.Fatal or DuckErrorType.Internal } broken)
            return;
        lock (_lock)
        {
            if (generation != _generation || _database is null)
                return;
            Close();
            _generation++;
        }

        Log.EngineLost(logger, broken.Message);
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            Close();
        }
    }

    private DuckDatabase Open()
    {
        _spill = SpillFolder.Create(options.Value.TempDirectory ?? Path.GetTempPath(), logger);
        return DuckDatabase.Open(new DuckOptions
        {
            MemoryLimitBytes = options.Value.MemoryLimitBytes,
            Threads = options.Value.Threads ?? Math.Max(1, Environment.ProcessorCount / 2),
            TempDirectory = _spill.FullPath,

            // No answer depends on the order of rows in files, and keeping it costs memory.
            Settings = new Dictionary<string, string> { ["preserve_insertion_order"] = "false" },
        });
    }

    private void Close()
    {
        _database?.Dispose();
        _database = null;
        _spill?.Dispose();
        _spill = null;
    }

    private sealed class Slot(SemaphoreSlim slots) : IDisposable
    {
        private SemaphoreSlim? _slots = slots;

        public void Dispose() => Interlocked.Exchange(ref _slots, null)?.Release();
    }
}
