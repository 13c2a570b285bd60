namespace Pipeline.DuckDb;

/// <summary>
/// A database that is opened when the first caller needs it, shared by all, and closed when nobody used it for a while. One that broke down is replaced for
/// those who come.
/// </summary>
public sealed class SharedDatabase : IDisposable
{
    private readonly Func<(DuckDatabase Database, Action? Closed)> _open;
    private readonly TimeSpan _closeAfter;
    private readonly Action<string> _lost;
    private readonly ITimer _idle;
    private readonly Lock _lock = new();
    private Opened? _opened;
    private bool _disposed;

    /// <summary>Opens nothing yet.</summary>
    /// <param name="open">Opens the database, and says what is to be done after it was closed, such as to remove the folder that it spilled into.</param>
    /// <param name="closeAfter">How long it stays open when nobody uses it.</param>
    /// <param name="lost">Is told the reason when a database broke down.</param>
    /// <param name="time">The time.</param>
    public SharedDatabase(Func<(DuckDatabase Database, Action? Closed)> open, TimeSpan closeAfter, Action<string> lost, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        _open = open;
        _closeAfter = closeAfter;
        _lost = lost;
        _idle = time.CreateTimer(_ => CloseIfIdle(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Whether it is open now.</summary>
    public bool IsOpen
    {
        get
        {
            lock (_lock)
                return _opened is not null;
        }
    }

    /// <summary>A connection; its disposal gives it back.</summary>
    public DatabaseLease Connect()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_opened is null)
            {
                var (database, closed) = _open();
                _opened = new Opened(database, closed);
            }

            var lease = new DatabaseLease(this, _opened, _opened.Database.Connect());
            _opened.Users++;
            return lease;
        }
    }

    /// <summary>Closes it as soon as its last connection is closed.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            Close();
        }

        _idle.Dispose();
    }

    internal void Return(object opened)
    {
        lock (_lock)
        {
            if (--((Opened)opened).Users == 0 && !_disposed)
                _idle.Change(_closeAfter, Timeout.InfiniteTimeSpan);
        }
    }

    // One that broke down answers nothing any more.
    internal void Report(object opened, Exception error)
    {
        if (DuckError.Of(error) is not { Type: DuckErrorType.Fatal or DuckErrorType.Internal } broken)
            return;
        lock (_lock)
        {
            if (!ReferenceEquals(opened, _opened))
                return;
            Close();
        }

        _lost(broken.Message);
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
        _opened?.Closed?.Invoke();
        _opened = null;
    }

    private sealed class Opened(DuckDatabase database, Action? closed)
    {
        public DuckDatabase Database { get; } = database;

        public Action? Closed { get; } = closed;

        public int Users { get; set; }
    }
}

/// <summary>The use of a <see cref="SharedDatabase"/> by one caller.</summary>
public sealed class DatabaseLease : IDisposable
{
    private readonly SharedDatabase _database;
    private readonly object _from;
    private int _returned;

    internal DatabaseLease(SharedDatabase database, object from, DuckConnection connection)
    {
        _database = database;
        _from = from;
        Connection = connection;
    }

    /// <summary>The connection, for one thread at a time.</summary>
    public DuckConnection Connection { get; }

    /// <summary>Looks at an error of the connection: a database that broke down is replaced by a new one for those who come.</summary>
    public void Report(Exception error) => _database.Report(_from, error);

    /// <summary>Gives the connection back.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _returned, 1) != 0)
            return;
        Connection.Dispose();
        _database.Return(_from);
    }
}
