using Pipeline.DuckDb.Native;

namespace Pipeline.DuckDb;

/// <summary>Some rows of a result, column by column. Valid until the next <see cref="DuckResult.ReadChunk"/> or the result's disposal.</summary>
public sealed class DuckChunk
{
    private readonly ChunkHandle _handle;

    internal DuckChunk(ChunkHandle handle, IReadOnlyList<DuckColumn> columns)
    {
        _handle = handle;
        Columns = columns;
    }

    /// <summary>The columns of the result.</summary>
    public IReadOnlyList<DuckColumn> Columns { get; }

    /// <summary>The number of rows.</summary>
    public int RowCount { get; private set; }

    /// <summary>Changes whenever the memory behind vectors does, so that a vector kept too long is noticed.</summary>
    internal int Generation { get; private set; }

    /// <summary>The values of a column, from 0.</summary>
    public DuckVector Column(int index)
    {
        ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
        if ((uint)index >= (uint)Columns.Count)
            throw new ArgumentOutOfRangeException(nameof(index), index, $"The result has {Columns.Count} column(s), numbered from 0.");
        return new DuckVector(this, NativeMethods.duckdb_data_chunk_get_vector(_handle.Value, (ulong)index), Columns[index].Type, RowCount);
    }

    /// <summary>The values of a column by name, compared as SQL does.</summary>
    /// <exception cref="ArgumentException">The result has no such column.</exception>
    public DuckVector Column(string name)
    {
        for (var i = 0; i < Columns.Count; i++)
        {
            if (string.Equals(Columns[i].Name, name, StringComparison.OrdinalIgnoreCase))
                return Column(i);
        }

        throw new ArgumentException($"The result has no column '{name}'.", nameof(name));
    }

    internal void Replace(nint chunk)
    {
        Generation++;
        _handle.Replace(chunk);
        RowCount = chunk == 0 ? 0 : (int)NativeMethods.duckdb_data_chunk_get_size(chunk);
    }

    /// <summary>The memory behind the vectors is about to be freed.</summary>
    internal void Invalidate()
    {
        Generation++;
        RowCount = 0;
    }
}
