namespace Pipeline.DuckDb.Native;

/// <summary>Owns a <c>duckdb_prepared_statement</c>.</summary>
internal sealed class StatementHandle(ConnectionHandle connection) : NativeHandle(connection)
{
    protected override void Destroy(nint value) => NativeMethods.duckdb_destroy_prepare(ref value);
}
