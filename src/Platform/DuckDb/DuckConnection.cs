namespace Pipeline.DuckDb;

/// <summary>
/// A connection: the scope of transactions, temporary tables and settings. For one thread at a time; a second thread gets an
/// <see cref="InvalidOperationException"/> instead of a broken query. <see cref="Interrupt"/> alone may be called from anywhere.
/// </summary>
/// <remarks>
/// A connection runs one query at a time: a new command ends a result that is still streaming, and reading on from that result says so.
/// Statements, results and appenders keep the native connection open after this object was disposed.
/// </remarks>
public sealed class DuckConnection : IDisposable
{
    private readonly Session _session;

    internal DuckConnection(Session session) => _session = session;

    /// <summary>Runs one or several statements to their end and drops what they return.</summary>
    /// <returns>The rows that INSERT, UPDATE, DELETE, MERGE and COPY changed or wrote, summed over the statements.</returns>
    /// <exception cref="DuckException">A statement is wrong or failed for good. The statements before it took effect.</exception>
    /// <exception cref="DuckTransientException">A statement failed for a reason that may pass.</exception>
    /// <exception cref="OperationCanceledException">
    /// The token was cancelled, or <see cref="Interrupt"/> was called. The connection stays usable; an explicit transaction must be rolled back.
    /// </exception>
    public long Execute(string sql, CancellationToken ct = default)
    {
        ThrowIfDisposed();
        using var lease = _session.Enter();
        using var script = Script.Parse(_session, sql, ct);
        var changed = 0L;
        for (var i = 0; i < script.Count; i++)
        {
            using var statement = script.Prepare(i, out var part, ct);
            using var result = _session.Run(statement, part, ct);
            changed += _session.Drain(result, part, ct);
        }

        return changed;
    }

    /// <summary>Prepares one statement, with parameters <c>?</c>, <c>$1</c> or <c>$name</c>.</summary>
    /// <exception cref="DuckException">The statement is wrong.</exception>
    /// <exception cref="ArgumentException">The text is not exactly one statement.</exception>
    public DuckStatement Prepare(string sql)
    {
        ThrowIfDisposed();
        using var lease = _session.Enter();
        using var script = Script.Parse(_session, sql, default);
        return script.Count == 1
            ? new DuckStatement(_session, script.Prepare(0, out var part, default), part)
            : throw new ArgumentException($"A prepared statement is one statement, but the text has {script.Count}.", nameof(sql));
    }

    /// <summary>
    /// Runs one or several statements and streams the rows of the last: memory holds about 1 MB of rows, not the result. The call returns when that much or
    /// the end is there. The token cancels the run and the reading.
    /// </summary>
    /// <exception cref="ArgumentException">The text holds no statement.</exception>
    /// <exception cref="DuckException">A statement is wrong or failed for good.</exception>
    /// <exception cref="DuckTransientException">A statement failed for a reason that may pass.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled, or <see cref="Interrupt"/> was called.</exception>
    public DuckResult Query(string sql, CancellationToken ct = default)
    {
        ThrowIfDisposed();
        using var lease = _session.Enter();
        using var script = Script.Parse(_session, sql, ct);
        for (var i = 0; i < script.Count; i++)
        {
            using var statement = script.Prepare(i, out var part, ct);
            var result = _session.Run(statement, part, ct);
            if (i == script.Count - 1)
                return new DuckResult(_session, result, part, ct);
            using (result)
                _ = _session.Drain(result, part, ct);
        }

        throw new ArgumentException("The text holds no statement.", nameof(sql));
    }

    /// <summary>The first column of the first row as a whole number; null when there is no row or it is NULL.</summary>
    public long? QueryInt64(string sql, CancellationToken ct = default)
    {
        using var result = Query(sql, ct);
        return result.ReadChunk(out var chunk) && chunk.Column(0) is var column && !column.IsNull(0) ? column.GetInt64(0) : null;
    }

    /// <summary>The first column of the first row as text; null when there is no row or it is NULL.</summary>
    public string? QueryString(string sql, CancellationToken ct = default)
    {
        using var result = Query(sql, ct);
        return result.ReadChunk(out var chunk) && chunk.Column(0) is var column && !column.IsNull(0) ? column.GetString(0) : null;
    }

    /// <summary>Opens an appender to a table.</summary>
    /// <param name="table">The table's name as it is, not quoted.</param>
    /// <param name="schema">The schema's name as it is; null means the search path.</param>
    /// <exception cref="DuckException">There is no such table.</exception>
    public DuckAppender CreateAppender(string table, string? schema = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(table);
        ThrowIfDisposed();
        using var lease = _session.Enter();
        return DuckAppender.Create(_session, table, schema);
    }

    /// <summary>Lets SQL read rows that code makes, on any connection of the database, as the table <see cref="DuckRowTable.Sql"/>.</summary>
    /// <exception cref="DuckException">The type of a column is wrong.</exception>
    /// <exception cref="NotSupportedException">A column has a type that code cannot write: ARRAY, MAP, UNION.</exception>
    public DuckRowTable Expose(IDuckRowSource source)
    {
        ArgumentNullException.ThrowIfNull(source);
        _session.Handle.Database.EnsureRowFunction();
        using var columns = Query($"SELECT {string.Join(", ", source.Columns.Select(c => $"CAST(NULL AS {c.Type})"))} LIMIT 0");
        return new DuckRowTable(source, columns.TakeNativeTypes());
    }

    /// <summary>Asks the query that runs on this connection to stop: it ends with <see cref="OperationCanceledException"/>. From any thread.</summary>
    public void Interrupt() => _session.Handle.Interrupt();

    /// <summary>Closes the connection as soon as its last statement, result and appender is closed. An open transaction is rolled back then.</summary>
    public void Dispose() => _session.Handle.Dispose();

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_session.Handle.IsClosed, this);
}
