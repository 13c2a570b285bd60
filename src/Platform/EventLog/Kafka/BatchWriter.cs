using System.Buffers;
using System.Buffers.Binary;
using Pipeline.EventLog.Kafka.Native;

namespace Pipeline.EventLog.Kafka;

/// <summary>Copies the library's messages of one partition, in the order of their offsets, into one pooled buffer.</summary>
internal sealed unsafe class BatchWriter(string topic, int partition)
{
    private const int FirstSize = 64 << 10;

    private byte[]? _buffer;
    private int _length;
    private long _baseOffset;

    public int Count { get; private set; }

    public int Bytes => _length;

    public long NextOffset => _baseOffset + Count;

    /// <summary>Whether the message can follow: offsets of a batch have no gaps.</summary>
    public bool Fits(NativeMessage* message) => Count == 0 || message->Offset == NextOffset;

    public void Add(NativeMessage* message)
    {
        nint headers = 0;
        var headerCount = 0;
        var size = RecordCodec.PrefixSize + RecordCodec.VarintSize((int)message->KeyLength) + (int)message->KeyLength + (int)message->Length;
        byte* name;
        byte* value;
        nuint valueSize;
        if (NativeMethods.rd_kafka_message_headers(message, &headers) == 0)
        {
            for (; NativeMethods.rd_kafka_header_get_all(headers, (nuint)headerCount, &name, &value, &valueSize) == 0; headerCount++)
            {
                var length = Span(name).Length;
                size += RecordCodec.VarintSize(length) + length + RecordCodec.VarintSize((int)valueSize) + (int)valueSize;
            }
        }

        size += RecordCodec.VarintSize(headerCount);
        var destination = Reserve(size);
        BinaryPrimitives.WriteInt32LittleEndian(destination, size - sizeof(int));
        int type;
        BinaryPrimitives.WriteInt64LittleEndian(destination[sizeof(int)..], NativeMethods.rd_kafka_message_timestamp(message, &type));
        var at = RecordCodec.PrefixSize;
        Write(destination, ref at, new ReadOnlySpan<byte>(message->Key, (int)message->KeyLength));
        at += RecordCodec.WriteVarint(destination[at..], headerCount);
        for (var i = 0; i < headerCount; i++)
        {
            _ = NativeMethods.rd_kafka_header_get_all(headers, (nuint)i, &name, &value, &valueSize);
            Write(destination, ref at, Span(name));
            Write(destination, ref at, new ReadOnlySpan<byte>(value, (int)valueSize));
        }

        new ReadOnlySpan<byte>(message->Payload, (int)message->Length).CopyTo(destination[at..]);
        if (Count++ == 0)
            _baseOffset = message->Offset;
        _length += size;
    }

    /// <summary>The batch; it owns the buffer from then on.</summary>
    public RecordBatch ToBatch() => new(topic, partition, _baseOffset, Count, _buffer!, 0, _length);

    private static ReadOnlySpan<byte> Span(byte* text) => System.Runtime.InteropServices.MemoryMarshal.CreateReadOnlySpanFromNullTerminated(text);

    private static void Write(Span<byte> destination, ref int at, ReadOnlySpan<byte> bytes)
    {
        at += RecordCodec.WriteVarint(destination[at..], bytes.Length);
        bytes.CopyTo(destination[at..]);
        at += bytes.Length;
    }

    private Span<byte> Reserve(int size)
    {
        if (_buffer is null || _buffer.Length - _length < size)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(FirstSize, Math.Max(_length + size, 2 * _length)));
            if (_buffer is not null)
            {
                _buffer.AsSpan(0, _length).CopyTo(larger);
                ArrayPool<byte>.Shared.Return(_buffer);
            }

            _buffer = larger;
        }

        return _buffer.AsSpan(_length, size);
    }
}
