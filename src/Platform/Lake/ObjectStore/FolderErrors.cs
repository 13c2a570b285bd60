using System.Runtime.InteropServices;

namespace Pipeline.Lake;

/// <summary>Turns what the file system says into the two kinds of errors that callers know.</summary>
internal static class FolderErrors
{
    private const int NoSpace = 28;
    private const int ReadOnlyFileSystem = 30;
    private const int NameTooLong = 36;
    private const int QuotaExceededLinux = 122;
    private const int QuotaExceededMac = 69;
    private const int DiskFullWindows = unchecked((int)0x80070070);

    /// <summary>True for the exceptions that <see cref="From(Exception, string, string)"/> translates.</summary>
    public static bool Handles(Exception exception) => exception is IOException or UnauthorizedAccessException;

    /// <summary>The error to throw in place of a failed call of the file system.</summary>
    public static Exception From(Exception exception, string operation, string subject) => exception switch
    {
        FileNotFoundException or DirectoryNotFoundException =>
            new ObjectNotFoundException($"{operation} '{subject}': there is no such object.", exception),
        UnauthorizedAccessException =>
            new TerminalException($"{operation} '{subject}': permission denied. Grant this user read and write access to the lake's folder.", exception),
        IOException { HResult: NoSpace or QuotaExceededLinux or QuotaExceededMac or DiskFullWindows } =>
            new TransientException($"{operation} '{subject}': the disk or the quota is full. It goes on when there is space again.", exception),
        IOException { HResult: ReadOnlyFileSystem } =>
            new TerminalException($"{operation} '{subject}': the file system is mounted read-only.", exception),
        IOException { HResult: NameTooLong } or PathTooLongException =>
            new TerminalException($"{operation} '{subject}': the name is too long for this file system.", exception),
        _ => new TransientException($"{operation} '{subject}': {exception.Message}", exception),
    };

    /// <summary>The error to throw for an error number of libc.</summary>
    public static Exception From(int error, string operation, string subject) => error switch
    {
        Posix.NotFound => new ObjectNotFoundException($"{operation} '{subject}': there is no such file or folder."),
        Posix.CrossDevice => new TerminalException(
            $"{operation} '{subject}': the folder is on another file system than the lake's root. One lake is on one file system."),
        1 or 13 => From(new UnauthorizedAccessException(Marshal.GetPInvokeErrorMessage(error)), operation, subject),
        _ => From(new IOException(Marshal.GetPInvokeErrorMessage(error), error), operation, subject),
    };
}
