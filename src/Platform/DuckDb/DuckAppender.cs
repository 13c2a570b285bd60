using Pipeline.DuckDb.Native;

namespace Pipeline.DuckDb;

/// <summary>
/// Appends rows to a table in bulk. Values are written into DuckDB's own column vectors: no call into the library and no allocation per value.
/// For one thread at a time, as its connection.
/// </summary>
/// <remarks>
/// Every value of a row is appended in the table's order, then <see cref="EndRow"/>. DuckDB takes rows over in batches of about 200,000, each in a
/// transaction of its own unless one is open. <see cref="Close"/> writes the rest; disposing without it drops what was not yet written.
/// A number that cannot be stored exactly is refused, never rounded; timestamps are cut to the column's unit. Columns of nested types, ENUM, UUID, INTERVAL,
/// TIME and other rare types take text, in the form that a cast from VARCHAR takes.
/// </remarks>
public sealed unsafe partial class DuckAppender : IDisposable
{
    private const long ArenaBytesPerChunk = 8 * 1024 * 1024;

    private readonly Session _session;
    private readonly AppenderHandle _handle;
    private readonly ChunkHandle _chunk;
    private readonly Utf8Arena _arena = new();
    private readonly AppenderColumn[] _columns;
    private readonly string _table;
    private int _row;
    private int _column;
    private bool _inRow;
    private bool _failed;

    private DuckAppender(Session session, AppenderHandle handle, ChunkHandle chunk, AppenderColumn[] columns, string table)
    {
        _session = session;
        _handle = handle;
        _chunk = chunk;
        _columns = columns;
        _table = table;
        Attach();
    }

    /// <summary>The number of columns of the table.</summary>
    public int ColumnCount => _columns.Length;

    /// <summary>The type of a column of the table, from 0.</summary>
    public DuckType ColumnType(int index) => _columns[index].Type;

    /// <summary>Opens an appender; called inside a lease.</summary>
    internal static DuckAppender Create(Session session, string table, string? schema)
    {
        session.BeginCommand();
        var handle = new AppenderHandle(session.Handle);
        var chunk = new ChunkHandle();
        try
        {
            var state = NativeMethods.duckdb_appender_create(session.Handle, schema, table, out var value);
            handle.Set(value);
            if (state != NativeMethods.Success)
                throw Error(handle, table);
            return new DuckAppender(session, handle, chunk, CreateChunk(handle, chunk), table);
        }
        catch
        {
            handle.Dispose();
            chunk.Dispose();
            throw;
        }
    }

    /// <summary>Starts a row.</summary>
    /// <exception cref="InvalidOperationException">The row before was not ended.</exception>
    public void BeginRow()
    {
        if (_inRow || _failed || _handle.IsClosed)
            ThrowState(wantsRow: false);
        _inRow = true;
        _column = 0;
    }

    /// <summary>Ends the row.</summary>
    /// <exception cref="InvalidOperationException">The row lacks values.</exception>
    /// <exception cref="DuckException">DuckDB refused rows; nothing more can be appended.</exception>
    public void EndRow()
    {
        if (!_inRow || _column != _columns.Length)
            ThrowState(wantsRow: true);
        _inRow = false;
        if (++_row == NativeMethods.VectorSize || _arena.Used >= ArenaBytesPerChunk)
            AppendChunk();
    }

    /// <summary>Drops the row that was begun, such as after a value of it was refused.</summary>
    public void CancelRow()
    {
        if (!_inRow)
            ThrowState(wantsRow: true);
        for (var i = 0; i < _column; i++)
            _columns[i].ClearNull(_row);
        _inRow = false;
    }

    /// <summary>Writes all ended rows to the table.</summary>
    /// <exception cref="DuckException">DuckDB refused rows, such as for a constraint; none since the last flush is stored.</exception>
    /// <exception cref="DuckTransientException">DuckDB could not write them now; none since the last flush is stored.</exception>
    public void Flush()
    {
        if (_inRow || _failed || _handle.IsClosed)
            ThrowState(wantsRow: false);
        AppendChunk();
        using var lease = _session.Enter();
        _session.BeginCommand();
        Check(NativeMethods.duckdb_appender_flush(_handle));
    }

    /// <summary>Writes all ended rows to the table and frees the appender.</summary>
    /// <inheritdoc cref="Flush" path="/exception"/>
    public void Close()
    {
        if (_handle.IsClosed)
            return;
        Flush();
        Dispose();
    }

    /// <summary>Frees the appender; rows that were not written are dropped.</summary>
    public void Dispose()
    {
        _handle.Dispose();
        _chunk.Dispose();
        _arena.Dispose();
    }

    private static AppenderColumn[] CreateChunk(AppenderHandle handle, ChunkHandle chunk)
    {
        var columns = new AppenderColumn[NativeMethods.duckdb_appender_column_count(handle)];
        var types = stackalloc nint[columns.Length];
        var taken = 0;
        try
        {
            for (; taken < columns.Length; taken++)
            {
                var native = NativeMethods.duckdb_appender_column_type(handle, (ulong)taken);
                types[taken] = native;
                var type = DuckType.Read(native);
                var asText = !IsDirect(type.Id);
                columns[taken] = new AppenderColumn(type, asText);
                if (!asText)
                    continue;
                NativeMethods.duckdb_destroy_logical_type(ref native);
                types[taken] = NativeMethods.duckdb_create_logical_type((int)DuckTypeId.Varchar);
            }

            chunk.Set(NativeMethods.duckdb_create_data_chunk(types, (ulong)columns.Length));
            return columns;
        }
        finally
        {
            for (var i = 0; i < taken; i++)
            {
                var type = types[i];
                NativeMethods.duckdb_destroy_logical_type(ref type);
            }
        }
    }

    private static bool IsDirect(DuckTypeId id) => id is DuckTypeId.Varchar or DuckTypeId.Blob or DuckTypeId.Boolean
        or DuckTypeId.TinyInt or DuckTypeId.SmallInt or DuckTypeId.Integer or DuckTypeId.BigInt or DuckTypeId.HugeInt
        or DuckTypeId.UTinyInt or DuckTypeId.USmallInt or DuckTypeId.UInteger or DuckTypeId.UBigInt or DuckTypeId.UHugeInt
        or DuckTypeId.Float or DuckTypeId.Double or DuckTypeId.Decimal or DuckTypeId.Date
        or DuckTypeId.Timestamp or DuckTypeId.TimestampTz or DuckTypeId.TimestampSeconds or DuckTypeId.TimestampMilliseconds
        or DuckTypeId.TimestampNanoseconds;

    private static Exception Error(AppenderHandle handle, string table)
    {
        var error = NativeMethods.duckdb_appender_error_data(handle);
        try
        {
            var message = NativeMethods.duckdb_error_data_message(error);
            return ErrorFactory.Create(
                $"append to {table}",
                message is null ? "The library gave no reason." : Session.Text(message),
                default,
                (DuckErrorType)NativeMethods.duckdb_error_data_error_type(error));
        }
        finally
        {
            NativeMethods.duckdb_destroy_error_data(ref error);
        }
    }

    private void AppendChunk()
    {
        if (_row == 0)
            return;
        using (var lease = _session.Enter())
        {
            _session.BeginCommand();
            NativeMethods.duckdb_data_chunk_set_size(_chunk.Value, (ulong)_row);
            Check(NativeMethods.duckdb_append_data_chunk(_handle, _chunk.Value));
        }

        NativeMethods.duckdb_data_chunk_reset(_chunk.Value);
        _arena.Reset();
        _row = 0;
        Attach();
    }

    private void Attach()
    {
        for (var i = 0; i < _columns.Length; i++)
            _columns[i].Attach(NativeMethods.duckdb_data_chunk_get_vector(_chunk.Value, (ulong)i));
    }

    private void Check(int state)
    {
        if (state == NativeMethods.Success)
            return;
        _failed = true;
        throw Error(_handle, _table);
    }

    private void ThrowState(bool wantsRow)
    {
        ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
        if (_failed)
            throw new InvalidOperationException($"The appender to {_table} failed earlier and takes no more rows.");
        throw new InvalidOperationException(
            !wantsRow ? $"The row before is not ended: it has {_column} of {_columns.Length} value(s)."
            : !_inRow ? "No row was begun."
            : _column < _columns.Length ? $"The row has {_column} of {_columns.Length} value(s)."
            : $"The row has all its {_columns.Length} value(s).");
    }
}
