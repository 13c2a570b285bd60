using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Pipeline.Postgres.Server;

/// <summary>The POSIX calls that .NET has no API for.</summary>
internal static partial class Native
{
    public const int Interrupt = 2;
    public const int Quit = 3;
    public const int Kill = 9;
    private const int NoSuchProcess = 3;

    /// <summary>Sends a signal; false when the process is gone.</summary>
    public static bool Signal(int processId, int signal)
    {
        if (SysKill(processId, signal) == 0)
            return true;
        var error = Marshal.GetLastPInvokeError();
        return error == NoSuchProcess ? false : throw new TerminalException($"Signal {signal} to process {processId}", new Win32Exception(error));
    }

    /// <summary>Whether a process of this id exists, whoever owns it; a zombie counts.</summary>
    public static bool Exists(int processId) => SysKill(processId, 0) == 0 || Marshal.GetLastPInvokeError() != NoSuchProcess;

    /// <summary>Gives a file or folder (never what a link points to) to a user.</summary>
    public static void ChangeOwner(string path, uint user, uint group)
    {
        if (SysLchown(path, user, group) != 0)
            throw new TerminalException($"Change the owner of {path}", new Win32Exception(Marshal.GetLastPInvokeError()));
    }

    /// <summary>Makes the entries of a folder (creations, renames) durable.</summary>
    public static void SyncDirectory(string path)
    {
        var descriptor = SysOpen(path, 0);
        if (descriptor < 0)
            throw new TerminalException($"Open the folder {path}", new Win32Exception(Marshal.GetLastPInvokeError()));
        try
        {
            if (SysFsync(descriptor) != 0)
                throw new TerminalException($"Sync the folder {path}", new Win32Exception(Marshal.GetLastPInvokeError()));
        }
        finally
        {
            _ = SysClose(descriptor);
        }
    }

    /// <summary>The path with every link on it resolved; the path itself when it does not exist.</summary>
    public static string RealPath(string path)
    {
        var resolved = SysRealPath(path, 0);
        if (resolved == 0)
            return path;
        try
        {
            return Marshal.PtrToStringUTF8(resolved) ?? path;
        }
        finally
        {
            SysFree(resolved);
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SysKill(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "lchown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SysLchown(string path, uint owner, uint group);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SysOpen(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int SysFsync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int SysClose(int descriptor);

    [LibraryImport("libc", EntryPoint = "realpath", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint SysRealPath(string path, nint buffer);

    [LibraryImport("libc", EntryPoint = "free")]
    private static partial void SysFree(nint pointer);
}
