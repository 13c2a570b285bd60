using System.Runtime.InteropServices;

namespace Pipeline.Workflows.Infrastructure.Kinds.Load.Sinks.Folders;

/// <summary>The calls of libc that .NET has no equal of: the exchange of two folders and the fsync of one.</summary>
internal static partial class Native
{
    private const int CurrentFolder = -100;
    private const uint Exchange = 2;
    private const int CloseOnExec = 0x80000;

    /// <summary>
    /// Gives each of two folders the name of the other, at once. False where this system or file system cannot, and on failure: then nothing has changed.
    /// </summary>
    public static bool TryExchange(string first, string second)
    {
        if (!OperatingSystem.IsLinux())
            return false;
        try
        {
            return RenameAt2(CurrentFolder, first, CurrentFolder, second, Exchange) == 0;
        }
        catch (EntryPointNotFoundException)
        {
            return false;
        }
    }

    /// <summary>Makes the names in a folder durable, where that is possible.</summary>
    public static void Sync(string folder)
    {
        if (!OperatingSystem.IsLinux())
            return;
        var descriptor = Open(folder, CloseOnExec);
        if (descriptor < 0)
            return;
        _ = Sync(descriptor);
        _ = Close(descriptor);
    }

    [LibraryImport("libc", EntryPoint = "renameat2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameAt2(int oldFolder, string oldPath, int newFolder, string newPath, uint flags);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}
