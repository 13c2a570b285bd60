using System.Buffers.Binary;
using System.Text;

namespace Pipeline.EventLog;

/// <summary>
/// The bytes of records as they are stored and carried. A sequence of records is their concatenation, so stored batches can be joined by copying.
/// </summary>
/// <remarks>
/// One record: int32 length of what follows (little endian) | int64 timestamp, ms since 1970 UTC (little endian) | varint key length | key |
/// varint header count | per header: varint name length, name, varint value length, value | value (the rest). Varints are unsigned LEB128.
/// </remarks>
public static class RecordCodec
{
    /// <summary>Bytes of a record before its key.</summary>
    internal const int PrefixSize = sizeof(int) + sizeof(long);

    /// <summary>How many bytes the record takes.</summary>
    public static int GetSize(in NewRecord record)
    {
        var size = PrefixSize + VarintSize(record.Key.Length) + record.Key.Length + VarintSize(record.Headers.Length) + record.Value.Length;
        foreach (ref readonly var header in record.Headers.Span)
        {
            var name = Encoding.UTF8.GetByteCount(header.Name);
            size += VarintSize(name) + name + VarintSize(header.Value.Length) + header.Value.Length;
        }

        return size;
    }

    /// <summary>Writes the record and returns how many bytes it took.</summary>
    /// <param name="destination">At least <see cref="GetSize"/> bytes.</param>
    /// <param name="record">The record.</param>
    /// <param name="timestamp">When it was appended, ms since 1970 UTC.</param>
    public static int Write(Span<byte> destination, in NewRecord record, long timestamp)
    {
        BinaryPrimitives.WriteInt64LittleEndian(destination[sizeof(int)..], timestamp);
        var at = PrefixSize;
        at += WriteVarint(destination[at..], record.Key.Length);
        record.Key.Span.CopyTo(destination[at..]);
        at += record.Key.Length;
        at += WriteVarint(destination[at..], record.Headers.Length);
        foreach (ref readonly var header in record.Headers.Span)
        {
            var name = Encoding.UTF8.GetByteCount(header.Name);
            at += WriteVarint(destination[at..], name);
            at += Encoding.UTF8.GetBytes(header.Name, destination[at..]);
            at += WriteVarint(destination[at..], header.Value.Length);
            header.Value.Span.CopyTo(destination[at..]);
            at += header.Value.Length;
        }

        record.Value.Span.CopyTo(destination[at..]);
        at += record.Value.Length;
        BinaryPrimitives.WriteInt32LittleEndian(destination, at - sizeof(int));
        return at;
    }

    /// <summary>How many bytes the first <paramref name="count"/> records take.</summary>
    /// <exception cref="TerminalException">The bytes are not records.</exception>
    public static int Skip(ReadOnlySpan<byte> data, int count)
    {
        var at = 0;
        for (var i = 0; i < count; i++)
            at += RecordLength(data[at..]);
        return at;
    }

    /// <summary>The whole length of the record at the start of <paramref name="data"/>.</summary>
    internal static int RecordLength(ReadOnlySpan<byte> data)
    {
        if (data.Length < PrefixSize)
            throw Corrupt();
        var length = BinaryPrimitives.ReadInt32LittleEndian(data);
        return length < sizeof(long) || length > data.Length - sizeof(int) ? throw Corrupt() : length + sizeof(int);
    }

    internal static int ReadVarint(ReadOnlySpan<byte> data, scoped ref int at)
    {
        uint value = 0;
        for (var shift = 0; shift < 35; shift += 7)
        {
            if ((uint)at >= (uint)data.Length)
                throw Corrupt();
            var b = data[at++];
            value |= (uint)(b & 0x7F) << shift;
            if (b < 0x80)
                return value <= int.MaxValue ? (int)value : throw Corrupt();
        }

        throw Corrupt();
    }

    internal static ReadOnlySpan<byte> ReadBytes(ReadOnlySpan<byte> data, scoped ref int at)
    {
        var length = ReadVarint(data, ref at);
        if (length > data.Length - at)
            throw Corrupt();
        var bytes = data.Slice(at, length);
        at += length;
        return bytes;
    }

    internal static int WriteVarint(Span<byte> destination, int value)
    {
        var rest = (uint)value;
        var at = 0;
        while (rest >= 0x80)
        {
            destination[at++] = (byte)(rest | 0x80);
            rest >>= 7;
        }

        destination[at++] = (byte)rest;
        return at;
    }

    internal static int VarintSize(int value) => (System.Numerics.BitOperations.Log2((uint)value | 1) / 7) + 1;

    private static TerminalException Corrupt() => new("Reading a record batch: the bytes are not records of the log's format.");
}
