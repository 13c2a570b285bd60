using Pipeline.DuckDb.Native;

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
    public unsafe long Execute(string sql, CancellationToken ct = default)
    {
        Session.CheckSql(sql);
        ThrowIfDisposed();
        using var lease = _session.Enter();
        _session.BeginCommand();
        nint statements = 0;
        try
        {
            var count = NativeMethods.duckdb_extract_statements(_session.Handle, sql, out statements);
            var error = NativeMethods.duckdb_extract_statements_error(statements);
            if (error is not null)
                throw ErrorFactory.Create("parse", Session.Text(error), sql, cancellation: ct);

            var changed = 0L;
            for (var i = 0UL; i < count; i++)
            {
                using var statement = new StatementHandle(_session.Handle);
                var state = NativeMethods.duckdb_prepare_extracted_statement(_session.Handle, statements, i, out var value);
                statement.Set(value);
                if (state != NativeMethods.Success)
                    throw Session.PrepareError(statement, sql, ct);
                using var result = _session.Run(statement, DuckStatement.Streams(statement), sql, ct);
                changed += DuckStatement.Drain(_session, result, sql, ct);
            }

            return changed;
        }
        finally
        {
            NativeMethods.duckdb_destroy_extracted(ref statements);
        }
    }

    /// <summary>Prepares one statement, with parameters <c>?</c>, <c>$1</c> or <c>$name</c>.</summary>
    /// <exception cref="DuckException">The statement is wrong.</exception>
    public DuckStatement Prepare(string sql)
    {
        ThrowIfDisposed();
        using var lease = _session.Enter();
        return new DuckStatement(_session, _session.Prepare(sql), sql);
    }

    /// <summary>
    /// Runs one statement and streams its rows: memory holds a few chunks, not the result. The token cancels the run and the reading.
    /// </summary>
    /// <exception cref="DuckException">The statement is wrong or failed for good.</exception>
    /// <exception cref="DuckTransientException">The statement failed for a reason that may pass.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled, or <see cref="Interrupt"/> was called.</exception>
    public DuckResult Query(string sql, CancellationToken ct = default)
    {
        ThrowIfDisposed();
        using var lease = _session.Enter();
        using var statement = _session.Prepare(sql);
        return new DuckResult(_session, _session.Run(statement, DuckStatement.Streams(statement), sql, ct), sql, ct);
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

    /// <summary>Asks the query that runs on this connection to stop: it ends with <see cref="OperationCanceledException"/>. From any thread.</summary>
    public void Interrupt() => _session.Handle.Interrupt();

    /// <summary>Closes the connection as soon as its last statement, result and appender is closed. An open transaction is rolled back then.</summary>
    public void Dispose() => _session.Handle.Dispose();

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_session.Handle.IsClosed, this);
}
