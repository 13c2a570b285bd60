using Pipeline.Workflows.Infrastructure.Kinds.Engine;

namespace Pipeline.Workflows.Infrastructure.Kinds.Extract.Sources.Files;

/// <summary>Finds the files that a path means.</summary>
internal static class InputFiles
{
    /// <summary>Whether a path is an address.</summary>
    public static bool IsUrl(string path) =>
        path.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || path.StartsWith("https://", StringComparison.OrdinalIgnoreCase);

    /// <summary>The files of the file system, in the order of their paths.</summary>
    /// <param name="folder">Where a relative path starts.</param>
    /// <param name="path">A file or a pattern of files.</param>
    /// <param name="member">What of a folder is meant, where it is one: a pattern within it.</param>
    public static IReadOnlyList<InputFile> Find(string folder, string path, string? member)
    {
        try
        {
            var full = Path.IsPathRooted(path) ? path : $"{folder}/{path}";
            if (File.Exists(full))
                return [new InputFile(Path.GetFullPath(full), path)];
            if (Directory.Exists(full) && member is not null)
                return Match(Path.GetFullPath(full), member);
            if (Directory.Exists(full))
                throw new TerminalException($"{path} is a folder; a pattern such as {path.TrimEnd('/')}/*.csv names the files in it.");
            if (!Glob.IsPattern(path))
                throw new TerminalException($"{path}: there is no such file{(Path.IsPathRooted(path) ? "" : $" in {folder}")}.");
            return Match(folder, path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, e);
        }
    }

    /// <summary>The error of a file that is there and cannot be read.</summary>
    public static Exception Unreadable(string name, Exception error) => error switch
    {
        FileNotFoundException or DirectoryNotFoundException => new TerminalException($"{name}: there is no such file.", error),
        UnauthorizedAccessException => new TerminalException($"{name}: permission denied.", error),
        InvalidDataException => new TerminalException($"{name} is damaged: {error.Message}", error),
        _ when SqlErrors.IsDiskFull(error.Message) => new TransientException($"{name}: the disk is full; it goes on when there is space again.", error),
        _ => new TransientException($"{name}: {error.Message}", error),
    };

    // The folder is taken as it is: only the path of the settings is a pattern.
    private static List<InputFile> Match(string folder, string path)
    {
        var glob = new Glob(path);
        var root = Path.IsPathRooted(path) ? glob.Root : $"{folder}/{glob.Root}";
        var files = new List<InputFile>();
        if (Directory.Exists(root))
        {
            var options = new EnumerationOptions
            {
                RecurseSubdirectories = glob.IsDeep || glob.Depth > 0,
                MaxRecursionDepth = glob.IsDeep ? int.MaxValue : glob.Depth,
                IgnoreInaccessible = false,
                AttributesToSkip = FileAttributes.None,
            };
            foreach (var file in Directory.EnumerateFiles(root, "*", options))
            {
                var name = glob.Root + Path.GetRelativePath(root, file).Replace(Path.DirectorySeparatorChar, '/');
                if (glob.IsMatch(name))
                    files.Add(new InputFile(Path.GetFullPath(file), name));
            }
        }

        if (files.Count == 0)
            throw new TerminalException($"{path}: no file matches{(Path.IsPathRooted(path) ? "" : $" in {folder}")}.");
        files.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
        return files;
    }
}
