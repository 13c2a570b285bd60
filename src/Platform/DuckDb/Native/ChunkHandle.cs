namespace Pipeline.DuckDb.Native;

/// <summary>Owns a <c>duckdb_data_chunk</c>. Its memory does not depend on the result that it was fetched from.</summary>
internal sealed class ChunkHandle() : NativeHandle(null)
{
    /// <summary>Frees the held chunk and holds another one.</summary>
    internal void Replace(nint value)
    {
        var old = handle;
        Set(value);
        NativeMethods.duckdb_destroy_data_chunk(ref old);
    }

    protected override void Destroy(nint value) => NativeMethods.duckdb_destroy_data_chunk(ref value);
}
