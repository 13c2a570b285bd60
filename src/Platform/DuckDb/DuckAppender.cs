using System.Runtime.CompilerServices;
using System.Text.Unicode;
using Pipeline.DuckDb.Native;

namespace Pipeline.DuckDb;

/// <summary>
/// Appends rows to a table in bulk. Values are written into DuckDB's own column vectors: no call into the library and no allocation per value.
/// For one thread at a time, as its connection.
/// </summary>
/// <remarks>
/// Every value of a row is appended in the table's order, then <see cref="EndRow"/>. DuckDB takes rows over in batches of about 200,000, each in a
/// transaction of its own unless one is open. <see cref="Close"/> writes the rest; disposing without it drops what was not yet written.
/// A value that cannot be stored exactly is refused, never rounded. Columns of nested types, ENUM, UUID, INTERVAL, TIME and other rare types take text,
/// in the form that a cast from VARCHAR takes.
/// </remarks>
public sealed unsafe class DuckAppender : IDisposable
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

    /// <summary>Appends text given as UTF-8, or the bytes of a BLOB.</summary>
    /// <exception cref="TerminalException">The bytes are not UTF-8, or the column takes no text.</exception>
    public void Append(ReadOnlySpan<byte> utf8)
    {
        ref var column = ref Next();
        if (column.Type.Id != DuckTypeId.Blob)
        {
            if (column.Type.Id != DuckTypeId.Varchar && !column.AsText)
                throw Refuse("text");
            if (!Utf8.IsValid(utf8))
                throw Refuse("text that is not valid UTF-8");
        }

        column.WriteBytes(_row, utf8, _arena);
        _column++;
    }

    /// <summary>Appends text, or NULL.</summary>
    /// <exception cref="TerminalException">The text holds half of a surrogate pair, or the column takes no text.</exception>
    public void Append(string? value)
    {
        if (value is null)
            AppendNull();
        else
            Append(value.AsSpan());
    }

    /// <summary>Appends text.</summary>
    /// <exception cref="TerminalException">The text holds half of a surrogate pair, or the column takes no text.</exception>
    public void Append(ReadOnlySpan<char> value)
    {
        ref var column = ref Next();
        if (column.Type.Id != DuckTypeId.Varchar && !column.AsText)
            throw Refuse("text");
        var most = checked(value.Length * 3);
        var target = _arena.Reserve(most);
        var status = Utf8.FromUtf16(value, new Span<byte>(target, most), out _, out var written, replaceInvalidSequences: false);
        if (status != System.Buffers.OperationStatus.Done)
            throw Refuse("text with half of a surrogate pair");
        column.WriteReserved(_row, target, written, _arena);
        _column++;
    }

    /// <summary>Appends a whole number to a column of whole numbers, decimals or floating-point numbers.</summary>
    /// <exception cref="TerminalException">It does not fit, or the column takes no number.</exception>
    public void Append(long value)
    {
        ref var column = ref Next();
        switch (column.Type.Id)
        {
            case DuckTypeId.BigInt:
                column.Write(_row, value);
                break;
            case DuckTypeId.Integer when value == (int)value:
                column.Write(_row, (int)value);
                break;
            case DuckTypeId.SmallInt when value == (short)value:
                column.Write(_row, (short)value);
                break;
            case DuckTypeId.TinyInt when value == (sbyte)value:
                column.Write(_row, (sbyte)value);
                break;
            case DuckTypeId.UTinyInt when value == (byte)value:
                column.Write(_row, (byte)value);
                break;
            case DuckTypeId.USmallInt when value == (ushort)value:
                column.Write(_row, (ushort)value);
                break;
            case DuckTypeId.UInteger when value == (uint)value:
                column.Write(_row, (uint)value);
                break;
            case DuckTypeId.UBigInt when value >= 0:
                column.Write(_row, (ulong)value);
                break;
            case DuckTypeId.HugeInt:
                column.Write(_row, (Int128)value);
                break;
            case DuckTypeId.UHugeInt when value >= 0:
                column.Write(_row, (UInt128)value);
                break;
            case DuckTypeId.Double when (long)(double)value == value:
                column.Write(_row, (double)value);
                break;
            case DuckTypeId.Decimal:
                WriteDecimal(ref column, value, 0);
                break;
            default:
                throw Refuse(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"the number {value}"));
        }

        _column++;
    }

    /// <summary>Appends a whole number.</summary>
    /// <inheritdoc cref="Append(long)" path="/exception"/>
    public void Append(int value) => Append((long)value);

    /// <summary>Appends to a DOUBLE or FLOAT column.</summary>
    /// <exception cref="TerminalException">The column is of another type, or a FLOAT cannot hold the value.</exception>
    public void Append(double value)
    {
        ref var column = ref Next();
        switch (column.Type.Id)
        {
            case DuckTypeId.Double:
                column.Write(_row, value);
                break;
            case DuckTypeId.Float when double.IsNaN(value) || (float)value == value:
                column.Write(_row, (float)value);
                break;
            default:
                throw Refuse(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"the number {value:R}"));
        }

        _column++;
    }

    /// <summary>Appends to a BOOLEAN column.</summary>
    /// <exception cref="TerminalException">The column is of another type.</exception>
    public void Append(bool value)
    {
        ref var column = ref Next();
        if (column.Type.Id != DuckTypeId.Boolean)
            throw Refuse("a boolean");
        column.Write(_row, value ? (byte)1 : (byte)0);
        _column++;
    }

    /// <summary>Appends to a DECIMAL column.</summary>
    /// <exception cref="TerminalException">The column is of another type, or too narrow for all digits of the value.</exception>
    public void Append(decimal value)
    {
        ref var column = ref Next();
        if (column.Type.Id != DuckTypeId.Decimal)
            throw Refuse("a decimal");
        var unscaled = DecimalMath.Unscaled(value, out var scale);
        WriteDecimal(ref column, unscaled, scale);
        _column++;
    }

    /// <summary>Appends to a TIMESTAMP column of any unit, as UTC; what is finer than the unit is cut off.</summary>
    /// <exception cref="TerminalException">The column is of another type.</exception>
    public void Append(DateTimeOffset value)
    {
        ref var column = ref Next();
        var ticks = value.UtcTicks - DateTimeOffset.UnixEpoch.Ticks;
        switch (column.Type.Id)
        {
            case DuckTypeId.Timestamp or DuckTypeId.TimestampTz:
                column.Write(_row, Instants.FloorDivide(ticks, TimeSpan.TicksPerMicrosecond));
                break;
            case DuckTypeId.TimestampMilliseconds:
                column.Write(_row, Instants.FloorDivide(ticks, TimeSpan.TicksPerMillisecond));
                break;
            case DuckTypeId.TimestampSeconds:
                column.Write(_row, Instants.FloorDivide(ticks, TimeSpan.TicksPerSecond));
                break;
            case DuckTypeId.TimestampNanoseconds when Math.Abs(ticks) < long.MaxValue / TimeSpan.NanosecondsPerTick:
                column.Write(_row, ticks * TimeSpan.NanosecondsPerTick);
                break;
            default:
                throw Refuse("a timestamp");
        }

        _column++;
    }

    /// <summary>Appends to a DATE column.</summary>
    /// <exception cref="TerminalException">The column is of another type.</exception>
    public void Append(DateOnly value)
    {
        ref var column = ref Next();
        if (column.Type.Id != DuckTypeId.Date)
            throw Refuse("a date");
        column.Write(_row, Instants.ToDays(value));
        _column++;
    }

    /// <summary>Appends NULL.</summary>
    public void AppendNull()
    {
        ref var column = ref Next();
        column.WriteNull(_row);
        _column++;
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref AppenderColumn Next()
    {
        if (!_inRow || (uint)_column >= (uint)_columns.Length || _handle.IsClosed)
            ThrowState(wantsRow: true);
        return ref _columns[_column];
    }

    private void WriteDecimal(ref AppenderColumn column, Int128 unscaled, int scale)
    {
        var type = column.Type;
        if (!DecimalMath.TryRescale(unscaled, scale, type.Scale, type.Width, out var value))
            throw Refuse($"the decimal {DecimalMath.Text(unscaled, scale)}");
        switch (type.Size)
        {
            case 2:
                column.Write(_row, (short)value);
                break;
            case 4:
                column.Write(_row, (int)value);
                break;
            case 8:
                column.Write(_row, (long)value);
                break;
            default:
                column.Write(_row, value);
                break;
        }
    }

    private TerminalException Refuse(string value) => new($"Column {_column + 1} of {_table} is {_columns[_column].Type} and cannot take {value}.");

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
