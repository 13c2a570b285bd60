using System.Runtime.InteropServices;

namespace Pipeline.DuckDb.Native;

/// <summary><c>duckdb_decimal</c>: digits, digits after the point and the unscaled value as a little-endian 128-bit integer in two halves.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NativeDecimal
{
    public byte Width;
    public byte Scale;
    public ulong Lower;
    public long Upper;
}
