using System.Runtime.InteropServices;

namespace Pipeline.Lake;

/// <summary>The calls of libc that .NET has no equal of: an atomic link and the fsync of a folder.</summary>
internal static partial class Posix
{
    public const int NotFound = 2;
    public const int Exists = 17;
    public const int CrossDevice = 18;

    private const int CloseOnExecLinux = 0x80000;
    private const int CloseOnExecMac = 0x1000000;

    /// <summary>Gives a file a second name unless that name is taken. Returns 0 or the error number.</summary>
    public static int Link(string existing, string created) => LinkNative(existing, created) == 0 ? 0 : Marshal.GetLastPInvokeError();

    /// <summary>Makes the names in a folder durable. Returns 0 or the error number.</summary>
    public static int SyncDirectory(string directory)
    {
        var descriptor = OpenNative(directory, OperatingSystem.IsMacOS() ? CloseOnExecMac : CloseOnExecLinux);
        if (descriptor < 0)
            return Marshal.GetLastPInvokeError();
        var error = SyncNative(descriptor) == 0 ? 0 : Marshal.GetLastPInvokeError();
        _ = CloseNative(descriptor);
        return error;
    }

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LinkNative(string existing, string created);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenNative(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int SyncNative(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int CloseNative(int descriptor);
}
