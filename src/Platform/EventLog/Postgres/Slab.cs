using System.Buffers;

namespace Pipeline.EventLog.Postgres;

/// <summary>A piece of memory that several stored rows share; its bytes go back to the pool with the last of them.</summary>
internal sealed class Slab
{
    /// <summary>Holds several rows; below the size from which the runtime treats arrays as large objects.</summary>
    public const int Size = 64 << 10;

    private readonly SlabPool _pool;
    private int _references = 1;

    private Slab(SlabPool pool, byte[] bytes)
    {
        _pool = pool;
        Bytes = bytes;
    }

    public byte[] Bytes { get; }

    public static Slab Create(SlabPool pool, int size) => new(pool, size == Size ? pool.Rent() : ArrayPool<byte>.Shared.Rent(size));

    public void AddReference() => Interlocked.Increment(ref _references);

    public void Release()
    {
        if (Interlocked.Decrement(ref _references) == 0)
            _pool.Return(Bytes);
    }
}

/// <summary>Keeps the arrays of slabs for the next ones.</summary>
internal sealed class SlabPool(int capacity)
{
    private readonly Stack<byte[]> _free = new();

    public byte[] Rent()
    {
        lock (_free)
        {
            if (_free.TryPop(out var bytes))
                return bytes;
        }

        return GC.AllocateUninitializedArray<byte>(Slab.Size);
    }

    public void Return(byte[] bytes)
    {
        if (bytes.Length != Slab.Size)
        {
            ArrayPool<byte>.Shared.Return(bytes);
            return;
        }

        lock (_free)
        {
            if (_free.Count < capacity)
                _free.Push(bytes);
        }
    }
}

/// <summary>Consecutive records of one partition as one row of a chunk. Whoever holds it holds a reference to the slab.</summary>
/// <param name="Slab">Where the bytes are.</param>
/// <param name="Start">Where they start.</param>
/// <param name="Length">How many they are.</param>
/// <param name="Count">How many records.</param>
internal readonly record struct Row(Slab Slab, int Start, int Length, int Count)
{
    public ReadOnlyMemory<byte> Data => Slab.Bytes.AsMemory(Start, Length);
}
