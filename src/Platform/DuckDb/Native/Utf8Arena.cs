using System.Runtime.InteropServices;

namespace Pipeline.DuckDb.Native;

/// <summary>
/// Native memory for the text of one chunk. The library copies the bytes when it takes the chunk, so the same blocks serve all chunks.
/// </summary>
internal sealed unsafe class Utf8Arena : SafeHandle
{
    private const int BlockBytes = 256 * 1024;

    private readonly List<(nint Start, int Length)> _blocks = [];
    private int _block = -1;
    private int _used;

    internal Utf8Arena() : base(0, ownsHandle: true)
    {
    }

    public override bool IsInvalid => false;

    /// <summary>Bytes given out since the last reset.</summary>
    internal long Used { get; private set; }

    /// <summary>Memory for at least <paramref name="length"/> bytes; <see cref="Take"/> claims what was used of it.</summary>
    internal byte* Reserve(int length)
    {
        if (_block >= 0 && _blocks[_block].Length - _used >= length)
            return (byte*)_blocks[_block].Start + _used;

        while (++_block < _blocks.Count)
        {
            _used = 0;
            if (_blocks[_block].Length >= length)
                return (byte*)_blocks[_block].Start;
        }

        var size = Math.Max(length, BlockBytes);
        _blocks.Add(((nint)NativeMemory.Alloc((nuint)size), size));
        _used = 0;
        return (byte*)_blocks[_block].Start;
    }

    internal void Take(int length)
    {
        _used += length;
        Used += length;
    }

    /// <summary>Makes all memory free again; blocks larger than usual go back to the system.</summary>
    internal void Reset()
    {
        for (var i = _blocks.Count - 1; i >= 0; i--)
        {
            if (_blocks[i].Length <= BlockBytes)
                continue;
            NativeMemory.Free((void*)_blocks[i].Start);
            _blocks.RemoveAt(i);
        }

        _block = _blocks.Count > 0 ? 0 : -1;
        _used = 0;
        Used = 0;
    }

    protected override bool ReleaseHandle()
    {
        foreach (var (start, _) in _blocks)
            NativeMemory.Free((void*)start);
        _blocks.Clear();
        return true;
    }
}
