using Pipeline.DuckDb.Native;

namespace Pipeline.DuckDb;

/// <summary>
/// The rows of a query, read chunk by chunk while the query runs. It keeps its connection open; for one thread at a time, as its connection.
/// Disposing it early stops the query.
/// </summary>
public sealed class DuckResult : IDisposable
{
    private readonly Session _session;
    private readonly ResultHandle _handle;
    private readonly ChunkHandle _chunkHandle = new();
    private readonly SqlPart _sql;
    private readonly CancellationToken _ct;
    private readonly bool _streaming;
    private readonly long _command;
    private readonly DuckChunk _chunk;
    private bool _finished;

    internal unsafe DuckResult(Session session, ResultHandle handle, SqlPart sql, CancellationToken ct)
    {
        _session = session;
        _handle = handle;
        _sql = sql;
        _ct = ct;
        _streaming = NativeMethods.duckdb_result_is_streaming(*handle.Pointer) != 0;
        _command = session.Commands;
        session.Streams = _streaming;
        Columns = ReadColumns(handle);
        _chunk = new DuckChunk(_chunkHandle, Columns);
    }

    /// <summary>The native types of the columns, for the caller to free.</summary>
    internal unsafe nint[] TakeNativeTypes()
    {
        var types = new nint[Columns.Count];
        for (var i = 0; i < types.Length; i++)
            types[i] = NativeMethods.duckdb_column_logical_type(_handle.Pointer, (ulong)i);
        return types;
    }

    /// <summary>The columns, also of a result without rows.</summary>
    public IReadOnlyList<DuckColumn> Columns { get; }

    /// <summary>
    /// Reads the next rows, up to 2,048. The chunk is the same object each time: what was read from it before is no longer valid.
    /// </summary>
    /// <returns>False at the end; the chunk is empty then.</returns>
    /// <exception cref="DuckException">The query failed for good.</exception>
    /// <exception cref="DuckTransientException">The query failed for a reason that may pass.</exception>
    /// <exception cref="OperationCanceledException">The query's token was cancelled, or <see cref="DuckConnection.Interrupt"/> was called.</exception>
    /// <exception cref="InvalidOperationException">A later command on the connection ended this result, or another thread uses the connection.</exception>
    public unsafe bool ReadChunk(out DuckChunk chunk)
    {
        ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
        chunk = _chunk;
        if (_finished)
        {
            _chunk.Replace(0);
            return false;
        }

        using var lease = _session.Enter();
        if (_streaming && _session.Commands != _command)
        {
            throw new InvalidOperationException(
                "A later command on the same connection ended this result before it was read to its end: use a second connection, or read first.");
        }

        _ct.ThrowIfCancellationRequested();
        nint next;
        using (_session.Watch(_ct))
            next = NativeMethods.duckdb_fetch_chunk(*_handle.Pointer);
        _chunk.Replace(next);
        if (next != 0 && _chunk.RowCount > 0)
            return true;

        _finished = true;
        _session.Streams = false;
        return NativeMethods.duckdb_result_error(_handle.Pointer) is null ? false : throw Session.ResultError("query", _handle, _sql, _ct);
    }

    /// <summary>Frees the rows; a query that still runs is stopped and its transaction ended.</summary>
    public void Dispose()
    {
        if (_handle.IsClosed)
            return;
        // When another thread is running a command, that command has already ended this query.
        if (_streaming && !_finished && _session.TryEnter(out var lease))
        {
            using (lease)
            {
                if (_session.Commands == _command)
                    _session.EndStream();
            }
        }

        _handle.Dispose();
        _chunk.Invalidate();
        _chunkHandle.Dispose();
    }

    private static unsafe DuckColumn[] ReadColumns(ResultHandle handle)
    {
        var columns = new DuckColumn[NativeMethods.duckdb_column_count(handle.Pointer)];
        var taken = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < columns.Length; i++)
        {
            var name = Session.Text(NativeMethods.duckdb_column_name(handle.Pointer, (ulong)i));
            var unique = name;
            for (var n = 1; !taken.Add(unique); n++)
                unique = $"{name}_{n}";
            columns[i] = new DuckColumn(name, DuckType.Take(NativeMethods.duckdb_column_logical_type(handle.Pointer, (ulong)i)), unique);
        }

        return columns;
    }
}
