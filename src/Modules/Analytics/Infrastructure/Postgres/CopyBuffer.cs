using System.Buffers;
using System.Buffers.Binary;
using Pipeline.Analytics.Application;

namespace Pipeline.Analytics.Infrastructure.Postgres;

/// <summary>
/// Rows in PostgreSQL's binary COPY format ("COPY", section "Binary Format"), straight from the engine's memory: no string, no object for a row.
/// </summary>
internal sealed class CopyBuffer : IRepeatPurchaseSink
{
    private const short Columns = 4;
    private const byte Nul = 0;

    private readonly ArrayBufferWriter<byte> _buffer = new(256 * 1024);

    /// <summary>What stands before all rows: signature, flags and an empty extension.</summary>
    public static ReadOnlyMemory<byte> Header { get; } = (byte[])[.. "PGCOPY\n"u8, 0xFF, .. "\r\n\0\0\0\0\0\0\0\0\0"u8];

    /// <summary>What stands after all rows.</summary>
    public static ReadOnlyMemory<byte> Trailer { get; } = new byte[] { 0xFF, 0xFF };

    /// <summary>The rows added since the last <see cref="Clear"/>.</summary>
    public ReadOnlyMemory<byte> Written => _buffer.WrittenMemory;

    /// <summary>All rows added.</summary>
    public long Rows { get; private set; }

    public void Clear() => _buffer.ResetWrittenCount();

    public void Add(ReadOnlySpan<byte> userId, ReadOnlySpan<byte> productId, long orders, long units)
    {
        BinaryPrimitives.WriteInt16BigEndian(Next(sizeof(short)), Columns);
        AddText(userId);
        AddText(productId);
        AddNumber(orders);
        AddNumber(units);
        Rows++;
    }

    private void AddNumber(long value)
    {
        BinaryPrimitives.WriteInt32BigEndian(Next(sizeof(int)), sizeof(long));
        BinaryPrimitives.WriteInt64BigEndian(Next(sizeof(long)), value);
    }

    private void AddText(ReadOnlySpan<byte> utf8)
    {
        // PostgreSQL's text cannot hold U+0000: it becomes U+FFFD.
        var nuls = utf8.Count(Nul);
        BinaryPrimitives.WriteInt32BigEndian(Next(sizeof(int)), utf8.Length + (2 * nuls));
        if (nuls == 0)
        {
            utf8.CopyTo(Next(utf8.Length));
            return;
        }

        foreach (var b in utf8)
        {
            if (b == Nul)
                "\uFFFD"u8.CopyTo(Next(3));
            else
                Next(1)[0] = b;
        }
    }

    private Span<byte> Next(int length)
    {
        var span = _buffer.GetSpan(length)[..length];
        _buffer.Advance(length);
        return span;
    }
}
