using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Pipeline.Query.Contracts;

namespace Pipeline.Query.Application;

/// <summary>The statements of this process that run or wait, and the places of the engines.</summary>
internal sealed class RunningStatements(IEnumerable<ISqlEngine> engines, IOptions<QueryOptions> options, TimeProvider time) : IDisposable
{
    private readonly ConcurrentDictionary<Guid, RunningStatement> _statements = new();
    private readonly Dictionary<QueryEngine, SemaphoreSlim> _places = engines.ToDictionary(e => e.Engine, e => new SemaphoreSlim(e.Slots));
    private int _waiting;

    /// <summary>Notes a statement, or null where too many wait already. Its disposal forgets it.</summary>
    public RunningStatement? TryAdd(QueryEngine engine, string sql, bool isExport, CancellationToken cancellationToken)
    {
        var places = _places[engine];
        var waits = !places.Wait(0, CancellationToken.None);
        if (waits && Interlocked.Increment(ref _waiting) > options.Value.MaxWaiting)
        {
            Interlocked.Decrement(ref _waiting);
            return null;
        }

        var limit = isExport ? options.Value.ExportTimeLimit : options.Value.TimeLimit;
        var statement = new RunningStatement(this, engine, sql, isExport, waits, limit, time, cancellationToken);
        _statements[statement.Id] = statement;
        return statement;
    }

    public IReadOnlyList<RunningSql> List() => [.. _statements.Values.OrderBy(s => s.AcceptedAt).ThenBy(s => s.Id).Select(s => s.View())];

    public bool Cancel(Guid id)
    {
        if (!_statements.TryGetValue(id, out var statement))
            return false;
        statement.Cancel();
        return true;
    }

    public void Dispose()
    {
        foreach (var places in _places.Values)
            places.Dispose();
    }

    /// <summary>Waits until it is a statement's turn.</summary>
    internal async Task WaitAsync(RunningStatement statement, CancellationToken cancellationToken)
    {
        try
        {
            await _places[statement.Engine].WaitAsync(cancellationToken);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    internal void NeverWaited() => Interlocked.Decrement(ref _waiting);

    internal void Remove(RunningStatement statement, bool hasPlace)
    {
        _statements.TryRemove(statement.Id, out _);
        if (hasPlace)
            _places[statement.Engine].Release();
    }
}

/// <summary>A statement that runs or waits.</summary>
internal sealed class RunningStatement : IDisposable
{
    private const int SqlShown = 2_000;

    private readonly RunningStatements _all;
    private readonly string _sql;
    private readonly bool _isExport;
    private readonly TimeSpan _limit;
    private readonly TimeProvider _time;
    private readonly CancellationToken _caller;
    private readonly CancellationTokenSource _stop;
    private readonly Lock _lock = new();
    private CancellationTokenSource? _timeLimit;
    private CancellationTokenSource? _either;
    private bool _hasPlace;
    private bool _waited;
    private bool _cancelled;
    private bool _disposed;
    private long _rows;
    private long _started;

    public RunningStatement(
        RunningStatements all, QueryEngine engine, string sql, bool isExport, bool waits, TimeSpan limit, TimeProvider time, CancellationToken caller)
    {
        _all = all;
        Engine = engine;
        _sql = sql.Length <= SqlShown ? sql : sql[..SqlShown];
        _isExport = isExport;
        _limit = limit;
        _time = time;
        _caller = caller;
        _hasPlace = !waits;
        Waits = waits;
        AcceptedAt = time.GetUtcNow();
        Id = Guid.CreateVersion7(AcceptedAt);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(caller);
    }

    public Guid Id { get; }

    public QueryEngine Engine { get; }

    public bool Waits { get; }

    public DateTimeOffset AcceptedAt { get; }

    public DateTimeOffset? StartedAt { get; private set; }

    /// <summary>How long it runs by now.</summary>
    public TimeSpan Elapsed => StartedAt is null ? TimeSpan.Zero : _time.GetElapsedTime(_started);

    /// <summary>Stops with the caller, by <see cref="Cancel"/>, and when the time is over; from <see cref="StartAsync"/> on.</summary>
    public CancellationToken Token => (_either ?? _stop).Token;

    /// <summary>Waits for its turn. The time counts from then on.</summary>
    public async Task StartAsync()
    {
        if (Waits)
        {
            _waited = true;
            await _all.WaitAsync(this, _stop.Token);
            _hasPlace = true;
        }

        _timeLimit = new CancellationTokenSource(_limit, _time);
        _either = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, _timeLimit.Token);
        _started = _time.GetTimestamp();
        StartedAt = _time.GetUtcNow();
    }

    public void AddRows(int rows) => Interlocked.Add(ref _rows, rows);

    public void Cancel()
    {
        lock (_lock)
        {
            if (_disposed)
                return;
            _cancelled = true;
            _stop.Cancel();
        }
    }

    /// <summary>Why it was stopped; null where its caller did that.</summary>
    public SqlError? StopReason()
    {
        if (_cancelled)
            return new SqlError(SqlErrorKind.Cancelled, "The statement was cancelled.");
        if (_timeLimit is { IsCancellationRequested: true } && !_caller.IsCancellationRequested)
        {
            return new SqlError(
                SqlErrorKind.TimeLimit,
                $"The statement ran longer than {_limit.TotalSeconds:0.#} s.",
                Hint: $"Narrow it with WHERE, or raise {QueryOptions.Section}:{(_isExport ? nameof(QueryOptions.ExportTimeLimit) : nameof(QueryOptions.TimeLimit))}.");
        }

        return null;
    }

    public RunningSql View() => new(Id, Engine, _sql, AcceptedAt, StartedAt, Interlocked.Read(ref _rows), _isExport);

    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed)
                return;
            _disposed = true;
        }

        if (Waits && !_waited)
            _all.NeverWaited();
        _all.Remove(this, _hasPlace);
        _either?.Dispose();
        _timeLimit?.Dispose();
        _stop.Dispose();
    }
}
