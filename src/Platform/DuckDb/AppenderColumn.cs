using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Pipeline.DuckDb.Native;

namespace Pipeline.DuckDb;

/// <summary>Where an appender writes the values of one column of the chunk that it fills.</summary>
internal unsafe struct AppenderColumn(DuckType type, bool asText)
{
    private const int InlineLength = 12;

    private nint _vector;
    private byte* _data;
    private ulong* _validity;

    /// <summary>The column's type in the table.</summary>
    internal DuckType Type { get; } = type;

    /// <summary>The value is given as text and converted by DuckDB when the chunk is taken: nested types, ENUM, UUID, INTERVAL and the like.</summary>
    internal bool AsText { get; } = asText;

    /// <summary>Points at the vector of a fresh chunk.</summary>
    internal void Attach(nint vector)
    {
        _vector = vector;
        _data = NativeMethods.duckdb_vector_get_data(vector);
        _validity = null;
    }

    /// <summary>Points at the validity alone, of a vector without values of its own.</summary>
    internal void AttachValidity(nint vector)
    {
        _vector = vector;
        _data = null;
        _validity = null;
    }

    internal readonly void Write<T>(int row, T value) where T : unmanaged => ((T*)_data)[row] = value;

    internal void WriteNull(int row)
    {
        if (_validity is null)
        {
            NativeMethods.duckdb_vector_ensure_validity_writable(_vector);
            _validity = NativeMethods.duckdb_vector_get_validity(_vector);
        }

        _validity[row >> 6] &= ~(1UL << (row & 63));
    }

    /// <summary>Undoes <see cref="WriteNull"/>.</summary>
    internal readonly void ClearNull(int row)
    {
        if (_validity is not null)
            _validity[row >> 6] |= 1UL << (row & 63);
    }

    /// <summary>Writes a <c>duckdb_string_t</c>: up to 12 bytes in place, else a prefix and a pointer into the arena.</summary>
    internal readonly void WriteBytes(int row, ReadOnlySpan<byte> value, Utf8Arena arena)
    {
        var entry = _data + ((long)row * 16);
        if (TryInline(entry, value))
            return;

        var target = arena.Reserve(value.Length);
        value.CopyTo(new Span<byte>(target, value.Length));
        arena.Take(value.Length);
        Point(entry, target);
    }

    /// <summary>The same without a copy of more than 12 bytes: they stay where they are as long as the vector is used.</summary>
    internal readonly void WriteInPlace(int row, ReadOnlySpan<byte> value)
    {
        var entry = _data + ((long)row * 16);
        if (TryInline(entry, value))
            return;

        Point(entry, (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(value)));
    }

    /// <summary>Writes bytes that already lie in the arena, reserved but not yet taken.</summary>
    internal readonly void WriteReserved(int row, byte* value, int length, Utf8Arena arena)
    {
        if (length <= InlineLength)
        {
            WriteBytes(row, new ReadOnlySpan<byte>(value, length), arena);
            return;
        }

        var entry = _data + ((long)row * 16);
        *(int*)entry = length;
        arena.Take(length);
        Point(entry, value);
    }

    /// <summary>Writes the length, and the bytes too if they have room in place.</summary>
    private static bool TryInline(byte* entry, ReadOnlySpan<byte> value)
    {
        *(int*)entry = value.Length;
        if (value.Length > InlineLength)
            return false;
        *(long*)(entry + 4) = 0;
        *(int*)(entry + 12) = 0;
        value.CopyTo(new Span<byte>(entry + 4, InlineLength));
        return true;
    }

    private static void Point(byte* entry, byte* target)
    {
        *(int*)(entry + 4) = *(int*)target;
        *(byte**)(entry + 8) = target;
    }
}
