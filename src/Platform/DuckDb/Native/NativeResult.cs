using System.Runtime.InteropServices;

namespace Pipeline.DuckDb.Native;

/// <summary><c>duckdb_result</c>: only its last field is used, the others are kept by the library for old callers.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NativeResult
{
    public ulong DeprecatedColumnCount;
    public ulong DeprecatedRowCount;
    public ulong DeprecatedRowsChanged;
    public nint DeprecatedColumns;
    public nint DeprecatedErrorMessage;
    public nint InternalData;
}
