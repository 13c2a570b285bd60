namespace Pipeline.DuckDb.Native;

/// <summary>Owns a <c>duckdb_database</c>.</summary>
internal sealed class DatabaseHandle() : NativeHandle(null)
{
    private readonly Lock _gate = new();
    private bool _hasRows;

    /// <summary>Makes <see cref="RowFunction"/> known to the database, once.</summary>
    internal void EnsureRowFunction()
    {
        lock (_gate)
        {
            if (_hasRows)
                return;
            RowFunction.Register(this);
            _hasRows = true;
        }
    }

    protected override void Destroy(nint value) => NativeMethods.duckdb_close(ref value);
}
