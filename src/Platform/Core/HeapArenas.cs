using System.Runtime.InteropServices;

namespace Pipeline;

/// <summary>
/// Keeps the C library's heap small. glibc gives threads up to eight arenas a core and returns little of what is freed in them: a process whose many threads take turns at
/// large queries ends with a high-water mark in each. One arena a core serves as many threads as run at once.
/// </summary>
/// <remarks><c>M_ARENA_MAX</c> of mallopt(3), and malloc_trim(3). A user's <c>MALLOC_ARENA_MAX</c> wins. Does nothing where the C library has no such setting.</remarks>
public static class HeapArenas
{
    private const int ArenaMax = -8;
    private const int Fewest = 2;

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate int MallOpt(int parameter, int value);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate int MallocTrim(nuint pad);

    /// <summary>To be called first of all in a process: glibc settles its limit when threads have made the ninth arena, and asks no more.</summary>
    public static void Limit()
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("MALLOC_ARENA_MAX")) && TryFind<MallOpt>("mallopt") is { } mallopt)
            _ = mallopt(ArenaMax, Math.Max(Fewest, Environment.ProcessorCount));
    }

    /// <summary>Gives what is free in the arenas back to the system: by itself glibc does so at their ends only.</summary>
    public static void Trim() => _ = TryFind<MallocTrim>("malloc_trim")?.Invoke(0);

    private static T? TryFind<T>(string name)
        where T : Delegate =>
        OperatingSystem.IsLinux() && NativeLibrary.TryLoad("libc.so.6", out var library) && NativeLibrary.TryGetExport(library, name, out var function)
            ? Marshal.GetDelegateForFunctionPointer<T>(function)
            : null;
}
