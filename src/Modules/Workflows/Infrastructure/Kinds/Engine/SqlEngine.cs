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
    private readonly ITimer _idle;
    private readonly TimeProvider _time;
    private readonly int _turns;
    private readonly SemaphoreSlim _free;
    private readonly SemaphoreSlim _alone = new(1);
    private readonly Lock _lock = new();
    private Opened? _opened;
    private bool _disposed;

    public SqlEngine(IObjectStore store, IOptions<WorkflowsOptions> options, TimeProvider time, ILogger<SqlEngine> logger)
    {
        _store = store;
        _options = options.Value;
        _logger = logger;
        _time = time;
        _turns = (int)Math.Clamp(_options.EngineMemoryBytes / (BytesOfAThread * Threads), 1, 64);
        _free = new SemaphoreSlim(_turns);
        _idle = time.CreateTimer(_ => CloseIfIdle(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
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
    public Lease Connect()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _opened ??= Open();
            var lease = new Lease(this, _opened, _opened.Database.Connect());
            _opened.Users++;
            return lease;
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            Close();
        }

        _idle.Dispose();
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

    private Opened Open()
    {
        var spill = _store.NewStagingPath("");
        return new Opened(spill, DuckDatabase.Open(new DuckOptions
        {
            MemoryLimitBytes = _options.EngineMemoryBytes,
            Threads = Threads,
            TempDirectory = spill,

            // Keeping the order of rows of large inputs costs memory without bound; what is ordered by a query stays so.
            Settings = new Dictionary<string, string> { ["preserve_insertion_order"] = "false" },
        }));
    }

    private void Return(Opened opened)
    {
        lock (_lock)
        {
            if (--opened.Users == 0 && !_disposed)
                _idle.Change(_closeAfter, Timeout.InfiniteTimeSpan);
        }
    }

    // One that broke down answers nothing any more: the next connection is of another.
    private void Report(Opened opened, Exception error)
    {
        if (DuckError.Of(error) is not { Type: DuckErrorType.Fatal or DuckErrorType.Internal } broken)
            return;
        lock (_lock)
        {
            if (!ReferenceEquals(opened, _opened))
                return;
            Close();
        }

        Log.EngineLost(_logger, broken.Message);
    }

    private void CloseIfIdle()
    {
        lock (_lock)
        {
            if (_opened is { Users: 0 })
                Close();
        }
    }

    // The library keeps it open until its last connection is closed.
    private void Close()
    {
        _opened?.Database.Dispose();
        if (_opened is not null && !StagedFiles.TryRemove(_opened.Spill))
            Log.SpillKept(_logger, _opened.Spill);
        _opened = null;
    }

    private sealed class Opened(string spill, DuckDatabase database)
    {
        public string Spill { get; } = spill;

        public DuckDatabase Database { get; } = database;

        public int Users { get; set; }
    }

    /// <summary>The use of the engine by one task.</summary>
    internal sealed class Lease : IDisposable
    {
        private readonly SqlEngine _engine;
        private readonly Opened _from;
        private bool _returned;

        internal Lease(SqlEngine engine, object from, DuckConnection connection)
        {
            _engine = engine;
            _from = (Opened)from;
            Connection = connection;
        }

        /// <summary>The connection, for one thread at a time.</summary>
        public DuckConnection Connection { get; }

        /// <summary>Looks at an error of the connection: an engine that broke down is replaced by a new one for those who come.</summary>
        public void Report(Exception error) => _engine.Report(_from, error);

        public void Dispose()
        {
            if (_returned)
                return;
            _returned = true;
            Connection.Dispose();
            _engine.Return(_from);
        }
    }
}
