using System.Diagnostics;
using System.Globalization;

namespace Pipeline.Testing;

/// <summary>A file system of a few megabytes, in memory, for what happens when a disk is full.</summary>
public sealed class SmallDisk : IDisposable
{
    private readonly TempDirectory _directory;

    private SmallDisk(TempDirectory directory) => _directory = directory;

    /// <summary>Its root.</summary>
    public string FullPath => _directory.FullPath;

    /// <summary>Mounts one; null where this user or this system does not allow it.</summary>
    public static SmallDisk? TryMount(int megabytes)
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
            return null;
        var directory = new TempDirectory();
        if (Run("mount", "-t", "tmpfs", "-o", Size(megabytes), "pipeline-tests", directory.FullPath))
            return new SmallDisk(directory);
        directory.Dispose();
        return null;
    }

    /// <summary>Makes it larger.</summary>
    public void Grow(int megabytes)
    {
        if (!Run("mount", "-o", $"remount,{Size(megabytes)}", FullPath))
            throw new InvalidOperationException($"{FullPath} could not be mounted anew.");
    }

    /// <inheritdoc />
    public void Dispose()
    {
        Run("umount", "--lazy", FullPath);
        _directory.Dispose();
    }

    private static string Size(int megabytes) => string.Create(CultureInfo.InvariantCulture, $"size={megabytes}m");

    private static bool Run(string command, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
