namespace Pipeline.Postgres.Server;

/// <summary>The file modes in use.</summary>
internal static class Modes
{
    /// <summary>0600: the owner alone reads and writes.</summary>
    public const UnixFileMode Secret = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>0700: the owner alone gets in.</summary>
    public const UnixFileMode Private = Secret | UnixFileMode.UserExecute;

    /// <summary>0711: others pass through, but see nothing.</summary>
    public const UnixFileMode Passage = Private | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>0644: everybody reads.</summary>
    public const UnixFileMode Readable = Secret | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>0755: everybody reads and gets in.</summary>
    public const UnixFileMode Public = Readable | Passage;

    /// <summary>Makes a folder of that mode, whatever the process masks; one that exists is left as it is.</summary>
    public static void CreateDirectory(string path, UnixFileMode mode)
    {
        if (Directory.Exists(path))
            return;
        Directory.CreateDirectory(path);
        File.SetUnixFileMode(path, mode);
    }
}
