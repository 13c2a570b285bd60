using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.DuckDb;
using Pipeline.Lake;

namespace Pipeline.Workflows.Infrastructure.Kinds.Engine;

/// <summary>
/// The SQL engine that all tasks of the process share: one database in memory whose limit bounds them together, opened when the first task needs it, closed
/// when none did for a while. It spills into the lake's folder for files in the making.
/// </summary>
/// <remarks>
/// What cannot be spilled grows with threads and with what runs at once: so heavy statements take turns, and one that ran out of memory is run again alone on
/// one thread.
/// </remarks>
internal sealed class SqlEngine : IDisposable
{
    private const long BytesOfAThread = 96L << 20;

    private static readonly TimeSpan _closeAfter = TimeSpan.FromSeconds(30);

    // Then a statement goes with the others: one that takes hours must not keep all other tasks waiting.
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    private readonly IObjectStore _store;
    private readonly WorkflowsOptions _options;
    private readonly ILogger _logger;
    private readonly SharedDatabase _database;
    private readonly TimeProvider _time;
    private readonly int _turns;
    private readonly SemaphoreSlim _free;
    private readonly SemaphoreSlim _alone = new(1);

    public SqlEngine(IObjectStore store, IOptions<WorkflowsOptions> options, TimeProvider time, ILogger<SqlEngine> logger)
    {
        _store = store;
        _options = options.Value;
        _logger = logger;
        _time = time;
        _turns = (int)Math.Clamp(_options.EngineMemoryBytes / (BytesOfAThread * Threads), 1, 64);
        _free = new SemaphoreSlim(_turns);
        _database = new SharedDatabase(Open, _closeAfter, reason => Log.EngineLost(_logger, reason), time);
    }

    /// <summary>The memory that it may hold, in bytes.</summary>
    public long MemoryBytes => _options.EngineMemoryBytes;

    private int Threads => _options.EngineThreads > 0 ? _options.EngineThreads : Environment.ProcessorCount;

    /// <summary>Runs a heavy statement when its turn has come; one that runs out of memory once more, alone and on one thread.</summary>
    /// <param name="connection">The statement's connection.</param>
    /// <param name="work">Runs it; must be as if it had not been run where it ran out of memory.</param>
    /// <param name="cancellationToken">Cancels the waiting.</param>
    public async Task<T> WorkAsync<T>(DuckConnection connection, Func<Task<T>> work, CancellationToken cancellationToken)
    {
        var took = await TryTakeAsync(cancellationToken);
        try
        {
            return await work();
        }
        catch (DuckTransientException e) when (e.Error.Type == DuckErrorType.OutOfMemory && Threads > 1)
        {
            Log.OutOfMemory(_logger, e.Error.Message);
        }
        finally
        {
            if (took)
                _free.Release();
        }

        return await WorkAloneAsync(connection, work, cancellationToken);
    }

    /// <summary>A connection for one task. Its disposal gives it back.</summary>
    public DatabaseLease Connect() => _database.Connect();

    public void Dispose()
    {
        _database.Dispose();
        _free.Dispose();
        _alone.Dispose();
    }

    private async Task<T> WorkAloneAsync<T>(DuckConnection connection, Func<Task<T>> work, CancellationToken cancellationToken)
    {
        await _alone.WaitAsync(cancellationToken);
        var taken = 0;
        try
        {
            for (var i = 0; i < _turns; i++)
                taken += await TryTakeAsync(cancellationToken) ? 1 : 0;
            connection.Execute("SET GLOBAL threads = 1", cancellationToken);
            return await work();
        }
        finally
        {
            connection.Execute(string.Create(CultureInfo.InvariantCulture, $"SET GLOBAL threads = {Threads}"), CancellationToken.None);
            if (taken > 0)
                _free.Release(taken);
            _alone.Release();
        }
    }

    private async Task<bool> TryTakeAsync(CancellationToken cancellationToken)
    {
        if (_free.Wait(0, cancellationToken))
            return true;
        using var patience = new CancellationTokenSource(_patience, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            await _free.WaitAsync(either.Token);
            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private (DuckDatabase Database, Action? Closed) Open()
    {
        var spill = _store.NewStagingPath("");
        var database = DuckDatabase.Open(new DuckOptions
        {
            MemoryLimitBytes = _options.EngineMemoryBytes,
            Threads = Threads,
            TempDirectory = spill,

            // Keeping the order of rows of large inputs costs memory without bound; what is ordered by a query stays so.
            Settings = new Dictionary<string, string> { ["preserve_insertion_order"] = "false" },
        });
        return (database, () =>
        {
            if (!StagedFiles.TryRemove(spill))
                Log.SpillKept(_logger, spill);
        });
    }
}
