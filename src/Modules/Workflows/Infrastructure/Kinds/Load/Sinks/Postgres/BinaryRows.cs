using System.Buffers;
using System.Buffers.Binary;
using Pipeline.DuckDb;

namespace Pipeline.Workflows.Infrastructure.Kinds.Load.Sinks.Postgres;

/// <summary>Turns chunks of a result into PostgreSQL's binary COPY format, without an object per value.</summary>
/// <remarks>
/// The format: https://www.postgresql.org/docs/18/sql-copy.html, "Binary Format". All numbers are big endian. Values are encoded column by column, as the chunk
/// holds them, and then put together row by row.
/// </remarks>
internal sealed class BinaryRows(IReadOnlyList<CodedColumn> columns)
{
    private const long EpochMicroseconds = 946_684_800_000_000;
    private const int EpochDays = 10_957;
    private const byte JsonbVersion = 1;
    private const int Null = -1;

    private readonly ArrayBufferWriter<byte> _output = new(1 << 16);
    private readonly ArrayBufferWriter<byte>[] _values = [.. columns.Select(_ => new ArrayBufferWriter<byte>(1 << 14))];
    private readonly int[][] _ends = [.. columns.Select(_ => new int[ChunkRows])];

    /// <summary>The most rows of a chunk.</summary>
    private const int ChunkRows = 2_048;

    /// <summary>The signature <c>PGCOPY\n\377\r\n\0</c>, flags, length of the header extension.</summary>
    public static ReadOnlyMemory<byte> Header { get; } = new byte[] { 0x50, 0x47, 0x43, 0x4F, 0x50, 0x59, 0x0A, 0xFF, 0x0D, 0x0A, 0, 0, 0, 0, 0, 0, 0, 0, 0 };

    /// <summary>The end of the rows.</summary>
    public static ReadOnlyMemory<byte> Trailer { get; } = new byte[] { 0xFF, 0xFF };

    /// <summary>What was encoded since the last <see cref="Clear"/>.</summary>
    public ReadOnlyMemory<byte> Written => _output.WrittenMemory;

    public void Clear() => _output.ResetWrittenCount();

    /// <summary>Encodes a chunk.</summary>
    public void Add(DuckChunk chunk)
    {
        for (var i = 0; i < columns.Count; i++)
        {
            _values[i].ResetWrittenCount();
            Encode(chunk.Column(i), columns[i].Wire, _values[i], _ends[i]);
        }

        for (var row = 0; row < chunk.RowCount; row++)
        {
            BinaryPrimitives.WriteInt16BigEndian(Next(_output, sizeof(short)), (short)columns.Count);
            for (var i = 0; i < columns.Count; i++)
            {
                var start = row == 0 ? 0 : _ends[i][row - 1];
                _output.Write(_values[i].WrittenSpan[start.._ends[i][row]]);
            }
        }
    }

    private static void Encode(DuckVector vector, Wire wire, ArrayBufferWriter<byte> output, int[] ends)
    {
        for (var row = 0; row < vector.Count; row++)
        {
            if (vector.IsNull(row))
                BinaryPrimitives.WriteInt32BigEndian(Next(output, sizeof(int)), Null);
            else
                Encode(vector, row, wire, output);
            ends[row] = output.WrittenCount;
        }
    }

    private static void Encode(DuckVector vector, int row, Wire wire, ArrayBufferWriter<byte> output)
    {
        switch (wire)
        {
            case Wire.Boolean:
                Sized(output, sizeof(byte))[0] = vector.GetBoolean(row) ? (byte)1 : (byte)0;
                break;
            case Wire.Int16:
                BinaryPrimitives.WriteInt16BigEndian(Sized(output, sizeof(short)), (short)vector.GetInt32(row));
                break;
            case Wire.Int32:
                BinaryPrimitives.WriteInt32BigEndian(Sized(output, sizeof(int)), vector.GetInt32(row));
                break;
            case Wire.Int64:
                BinaryPrimitives.WriteInt64BigEndian(Sized(output, sizeof(long)), vector.GetInt64(row));
                break;
            case Wire.Single:
                BinaryPrimitives.WriteSingleBigEndian(Sized(output, sizeof(float)), vector.Span<float>()[row]);
                break;
            case Wire.Double:
                BinaryPrimitives.WriteDoubleBigEndian(Sized(output, sizeof(double)), vector.Span<double>()[row]);
                break;
            case Wire.Numeric:
                Numeric(output, vector.GetInt128(row), vector.Type.Scale);
                break;
            case Wire.Date:
                BinaryPrimitives.WriteInt32BigEndian(Sized(output, sizeof(int)), Days(vector.Span<int>()[row]));
                break;
            case Wire.Timestamp:
                BinaryPrimitives.WriteInt64BigEndian(Sized(output, sizeof(long)), Microseconds(vector.Span<long>()[row]));
                break;
            case Wire.Time:
                BinaryPrimitives.WriteInt64BigEndian(Sized(output, sizeof(long)), vector.Span<long>()[row]);
                break;
            case Wire.Uuid:
                vector.GetGuid(row).TryWriteBytes(Sized(output, 16), bigEndian: true, out _);
                break;
            case Wire.Bytes:
                Bytes(output, vector.Utf8(row));
                break;
            case Wire.Jsonb:
                Text(output, vector.Utf8(row), prefix: JsonbVersion);
                break;
            default:
                Text(output, vector.Utf8(row), prefix: null);
                break;
        }
    }

    private static void Bytes(ArrayBufferWriter<byte> output, ReadOnlySpan<byte> value) => value.CopyTo(Sized(output, value.Length));

    // PostgreSQL's text cannot hold U+0000: it becomes U+FFFD.
    private static void Text(ArrayBufferWriter<byte> output, ReadOnlySpan<byte> utf8, byte? prefix)
    {
        var nuls = utf8.Count((byte)0);
        var target = Sized(output, utf8.Length + (2 * nuls) + (prefix is null ? 0 : 1));
        if (prefix is { } version)
        {
            target[0] = version;
            target = target[1..];
        }

        if (nuls == 0)
        {
            utf8.CopyTo(target);
            return;
        }

        foreach (var b in utf8)
        {
            if (b == 0)
            {
                "\uFFFD"u8.CopyTo(target);
                target = target[3..];
            }
            else
            {
                target[0] = b;
                target = target[1..];
            }
        }
    }

    /// <summary>Digits to the base of 10,000, the decimal point between two of them.</summary>
    private static void Numeric(ArrayBufferWriter<byte> output, Int128 unscaled, int scale)
    {
        const int Base = 4;
        Span<byte> digits = stackalloc byte[44];
        var magnitude = (UInt128)(unscaled < 0 ? -unscaled : unscaled);
        var count = 0;
        for (; magnitude > ulong.MaxValue; magnitude /= 10)
            digits[count++] = (byte)(magnitude % 10);
        for (var rest = (ulong)magnitude; rest > 0; rest /= 10)
            digits[count++] = (byte)(rest % 10);

        // The lowest digit of the lowest group stands this far below the lowest decimal digit that there is.
        var shift = (Base - (scale % Base)) % Base;
        var groups = count == 0 ? 0 : (count + shift + Base - 1) / Base;
        var fraction = (scale + Base - 1) / Base;
        var value = Sized(output, (4 + groups) * sizeof(short));
        BinaryPrimitives.WriteInt16BigEndian(value, (short)groups);
        BinaryPrimitives.WriteInt16BigEndian(value[2..], (short)(groups - fraction - 1));
        BinaryPrimitives.WriteInt16BigEndian(value[4..], (short)(unscaled < 0 ? 0x4000 : 0));
        BinaryPrimitives.WriteInt16BigEndian(value[6..], (short)scale);
        for (var group = 0; group < groups; group++)
        {
            var number = 0;
            for (var place = Base - 1; place >= 0; place--)
            {
                var digit = (group * Base) + place - shift;
                number = (number * 10) + (digit >= 0 && digit < count ? digits[digit] : 0);
            }

            BinaryPrimitives.WriteInt16BigEndian(value[(8 + ((groups - 1 - group) * 2))..], (short)number);
        }
    }

    private static int Days(int days) => days switch
    {
        int.MaxValue => int.MaxValue,
        -int.MaxValue => int.MinValue,
        _ => checked(days - EpochDays),
    };

    private static long Microseconds(long microseconds) => microseconds switch
    {
        long.MaxValue => long.MaxValue,
        -long.MaxValue => long.MinValue,
        _ => checked(microseconds - EpochMicroseconds),
    };

    private static Span<byte> Sized(ArrayBufferWriter<byte> output, int length)
    {
        BinaryPrimitives.WriteInt32BigEndian(Next(output, sizeof(int)), length);
        return Next(output, length);
    }

    private static Span<byte> Next(ArrayBufferWriter<byte> output, int length)
    {
        var span = output.GetSpan(length)[..length];
        output.Advance(length);
        return span;
    }
}
