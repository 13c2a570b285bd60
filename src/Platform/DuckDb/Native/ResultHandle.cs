using System.Runtime.InteropServices;

namespace Pipeline.DuckDb.Native;

/// <summary>Owns a <c>duckdb_result</c> and the native memory of the struct itself.</summary>
internal sealed unsafe class ResultHandle : NativeHandle
{
    internal ResultHandle(ConnectionHandle connection) : base(connection) =>
        Set((nint)NativeMemory.AllocZeroed((nuint)sizeof(NativeResult)));

    internal NativeResult* Pointer => (NativeResult*)handle;

    protected override void Destroy(nint value)
    {
        NativeMethods.duckdb_destroy_result((NativeResult*)value);
        NativeMemory.Free((void*)value);
    }
}
