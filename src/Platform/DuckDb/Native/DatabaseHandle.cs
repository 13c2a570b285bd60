namespace Pipeline.DuckDb.Native;

/// <summary>Owns a <c>duckdb_database</c>.</summary>
internal sealed class DatabaseHandle() : NativeHandle(null)
{
    protected override void Destroy(nint value) => NativeMethods.duckdb_close(ref value);
}
