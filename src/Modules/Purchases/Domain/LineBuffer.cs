using System.Buffers;
using System.Buffers.Text;
using System.Globalization;

namespace Pipeline.Purchases.Domain;

/// <summary>Bytes that grow at the end and can be cut back, so that a record which turns out bad leaves nothing behind.</summary>
internal sealed class LineBuffer(int capacity) : IDisposable
{
    private const int LongestInt64 = 20;

    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(capacity);

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _bytes.Length - Length)
            Grow(bytes.Length);
        bytes.CopyTo(_bytes.AsSpan(Length));
        Length += bytes.Length;
    }

    public void Append(byte value)
    {
        if (Length == _bytes.Length)
            Grow(1);
        _bytes[Length++] = value;
    }

    public void Append(long value)
    {
        if (LongestInt64 > _bytes.Length - Length)
            Grow(LongestInt64);
        if (!Utf8Formatter.TryFormat(value, _bytes.AsSpan(Length), out var written))
            throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"No room for {value}."));
        Length += written;
    }

    /// <summary>Room at the end, of at least so many bytes, to write to directly; what is written counts from <see cref="Advance"/> on.</summary>
    public Span<byte> Reserve(int length)
    {
        if (length > _bytes.Length - Length)
            Grow(length);
        return _bytes.AsSpan(Length);
    }

    /// <summary>Takes in what was written to <see cref="Reserve"/>.</summary>
    public void Advance(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)length, (uint)(_bytes.Length - Length));
        Length += length;
    }

    /// <summary>Cuts back to an earlier length.</summary>
    public void Truncate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)length, (uint)Length);
        Length = length;
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = [];
        Length = 0;
    }

    private void Grow(int more)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_bytes.Length * 2, Length + more));
        Written.CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = larger;
    }
}
