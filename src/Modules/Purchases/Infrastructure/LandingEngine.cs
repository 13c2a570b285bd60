using Microsoft.Extensions.Options;
using Pipeline.DuckDb;
using Pipeline.Lake;

namespace Pipeline.Purchases.Infrastructure;

/// <summary>The engine that turns orders into Parquet: opened when the first order lands, given up after an error, so that nothing of it lasts.</summary>
internal sealed class LandingEngine(IObjectStore store, IOptions<PurchasesOptions> options) : IDisposable
{
    private readonly Lock _gate = new();
    private DuckDatabase? _database;

    public DuckConnection Connect()
    {
        lock (_gate)
            return (_database ??= Open()).Connect();
    }

    /// <summary>Closes the engine once what uses it now is done; the next use opens it again.</summary>
    public void Release()
    {
        lock (_gate)
        {
            _database?.Dispose();
            _database = null;
        }
    }

    public void Dispose() => Release();

    private DuckDatabase Open() => DuckDatabase.Open(new DuckOptions
    {
        MemoryLimitBytes = options.Value.EngineMemoryBytes,
        Threads = options.Value.EngineThreads,
        TempDirectory = store.NewStagingPath(""),
        Settings = new Dictionary<string, string>
        {
            // Rows carry their position: their order within a file means nothing.
            ["preserve_insertion_order"] = "false",
        },
    });
}
