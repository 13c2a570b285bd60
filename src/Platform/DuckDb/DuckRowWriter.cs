using Pipeline.DuckDb.Native;

namespace Pipeline.DuckDb;

/// <summary>Where an <see cref="IDuckRowReader"/> writes its rows: DuckDB's own column vectors.</summary>
public sealed class DuckRowWriter : IDisposable
{
    private readonly DuckColumnWriter[] _columns;
    private readonly Utf8Arena _arena = new();

    internal DuckRowWriter(DuckType[] types) => _columns = Array.ConvertAll(types, type => new DuckColumnWriter(type, _arena));

    /// <summary>The most rows that one call may write.</summary>
    public static int Capacity => NativeMethods.VectorSize;

    /// <summary>A column, in the order of <see cref="IDuckRowSource.Columns"/>.</summary>
    public DuckColumnWriter this[int column] => _columns[column];

    /// <inheritdoc />
    public void Dispose() => _arena.Dispose();

    /// <summary>Points at a fresh chunk.</summary>
    internal void Attach(nint chunk)
    {
        _arena.Reset();
        for (var i = 0; i < _columns.Length; i++)
            _columns[i].Attach(NativeMethods.duckdb_data_chunk_get_vector(chunk, (ulong)i), NativeMethods.VectorSize);
    }

    /// <summary>Ends the chunk.</summary>
    internal void Complete()
    {
        foreach (var column in _columns)
            column.Complete();
    }
}
