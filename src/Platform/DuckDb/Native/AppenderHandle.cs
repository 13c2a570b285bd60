namespace Pipeline.DuckDb.Native;

/// <summary>Owns a <c>duckdb_appender</c>. Rows that were not flushed are dropped: the library's own destroy would write them.</summary>
internal sealed class AppenderHandle(ConnectionHandle connection) : NativeHandle(connection)
{
    protected override void Destroy(nint value)
    {
        if (value == 0)
            return;
        _ = NativeMethods.duckdb_appender_clear(value);
        _ = NativeMethods.duckdb_appender_destroy(ref value);
    }
}
