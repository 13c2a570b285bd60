using System.Runtime.CompilerServices;
using System.Text.Unicode;

namespace Pipeline.DuckDb;

/// <content>The values of a row, one overload a .NET type.</content>
public sealed unsafe partial class DuckAppender
{
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
}
