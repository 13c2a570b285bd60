namespace Pipeline.Lake;

/// <summary>The files of the log that together give one version: at most one complete checkpoint and the commits after it, without a gap.</summary>
internal sealed record LogSegment(long Version, long CheckpointVersion, IReadOnlyList<ObjectPath> CheckpointParts, IReadOnlyList<ObjectInfo> Commits)
{
    public const long NoCheckpoint = -1;

    /// <summary>Picks the files for a version, or for the newest one.</summary>
    /// <returns>The segment, or null where the listing holds neither commit nor checkpoint.</returns>
    /// <exception cref="TerminalException">The version is not there, or files are missing; the message names the first.</exception>
    public static LogSegment? Of(IReadOnlyList<LogFile> files, long? version, string table)
    {
        var (checkpoint, parts) = NewestCheckpoint(files, version);
        var commits = new List<ObjectInfo>();
        var last = checkpoint;
        foreach (var file in files)
        {
            if (file.Kind != LogFileKind.Commit || file.Version <= checkpoint || file.Version > version)
                continue;
            if (file.Version != last + 1)
                throw Missing(files, last + 1, table);
            last = file.Version;
            commits.Add(file.Info);
        }

        if (last == NoCheckpoint)
            return files.Any(f => f.Kind is LogFileKind.Commit or LogFileKind.Checkpoint or LogFileKind.V2Checkpoint) ? throw Missing(files, 0, table) : null;
        return version is { } wanted && last != wanted
            ? throw new TerminalException($"Delta table '{table}' has no version {wanted}: its newest is {last}.")
            : new LogSegment(last, checkpoint, parts, commits);
    }

    /// <summary>The newest checkpoint of which all parts are there, not newer than a version; <see cref="NoCheckpoint"/> where there is none.</summary>
    public static (long Version, IReadOnlyList<ObjectPath> Parts) NewestCheckpoint(IReadOnlyList<LogFile> files, long? version)
    {
        var best = files
            .Where(f => f.Kind == LogFileKind.Checkpoint && !(f.Version > version) && f.Parts >= 1 && f.Part >= 1 && f.Part <= f.Parts)
            .GroupBy(f => (f.Version, f.Parts))
            .Where(g => g.Select(f => f.Part).Distinct().Count() == g.Key.Parts)
            .OrderByDescending(g => g.Key.Version)
            .ThenBy(g => g.Key.Parts)
            .FirstOrDefault();
        return best is null ? (NoCheckpoint, []) : (best.Key.Version, [.. best.OrderBy(f => f.Part).Select(f => f.Info.Path)]);
    }

    private static TerminalException Missing(IReadOnlyList<LogFile> files, long version, string table)
    {
        var hint = files.Any(f => f.Kind == LogFileKind.V2Checkpoint)
            ? " The log has checkpoints of the V2 kind, which this implementation does not know."
            : version == 0 ? " Older versions may have been cleaned up." : "";
        return new TerminalException($"Delta table '{table}' cannot be read: commit {version} is not in its log and no checkpoint stands in for it.{hint}");
    }
}
