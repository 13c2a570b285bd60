using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Pipeline.Purchases.Application;

namespace Pipeline.Purchases.Infrastructure;

/// <summary>
/// A file that lives in memory (Linux) or in a temporary folder that is emptied with the process. Used again and again, so that its pages are not
/// zeroed each time.
/// </summary>
internal sealed partial class RowFile : IRowFile
{
    private const uint CloseOnExec = 1;

    private readonly SafeFileHandle _handle;

    private RowFile(SafeFileHandle handle, string path)
    {
        _handle = handle;
        Path = path;
    }

    public string Path { get; }

    public long Length { get; private set; }

    /// <summary>Opens an empty file.</summary>
    /// <param name="temporary">Makes the path of a temporary file, where the system has no files in memory.</param>
    /// <exception cref="TransientException">There is no space for it.</exception>
    public static RowFile Open(Func<string> temporary) => TryOpenInMemory() ?? OpenTemporary(temporary());

    internal static RowFile OpenTemporary(string path)
    {
        try
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);

            // Shared for reading: the engine opens it by name.
            var handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, FileOptions.DeleteOnClose);
            return new RowFile(handle, path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TransientException($"Opening the temporary file {path} for orders: {e.Message}", e);
        }
    }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        try
        {
            RandomAccess.Write(_handle, bytes, Length);
            Length += bytes.Length;
        }
        catch (IOException e)
        {
            throw new TransientException($"Buffering orders in {Path}: {e.Message}", e);
        }
    }

    public void Complete()
    {
        try
        {
            RandomAccess.SetLength(_handle, Length);
        }
        catch (IOException e)
        {
            throw new TransientException($"Cutting {Path} to {Length} bytes: {e.Message}", e);
        }
    }

    public void Reset() => Length = 0;

    public void Dispose() => _handle.Dispose();

    private static RowFile? TryOpenInMemory()
    {
        if (!OperatingSystem.IsLinux())
            return null;
        var descriptor = MemfdCreate("pipeline-purchases", CloseOnExec);
        if (descriptor < 0)
            return null;
        var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        return new RowFile(handle, string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{descriptor}"));
    }

    [LibraryImport("libc", EntryPoint = "memfd_create", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MemfdCreate(string name, uint flags);
}
