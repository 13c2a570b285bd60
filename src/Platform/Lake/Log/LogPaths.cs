using System.Globalization;

namespace Pipeline.Lake;

/// <summary>The names of the files in <c>_delta_log</c>.</summary>
internal readonly struct LogPaths(ObjectPath table)
{
    private const int VersionDigits = 20;

    public ObjectPath Table { get; } = table;

    public ObjectPath Folder { get; } = table.Combine("_delta_log");

    public ObjectPath LastCheckpoint => Folder.Combine("_last_checkpoint");

    public ObjectPath Commit(long version) => Folder.Combine(Digits(version) + ".json");

    public ObjectPath Checkpoint(long version) => Folder.Combine(Digits(version) + ".checkpoint.parquet");

    /// <summary>Sorts before all files of a version and after all files of the version before.</summary>
    public ObjectPath Before(long version) => Folder.Combine(Digits(version));

    public static LogFile Parse(ObjectInfo info)
    {
        var name = info.Path.Name.AsSpan();
        if (name.Length <= VersionDigits || name[VersionDigits] != '.'
            || !long.TryParse(name[..VersionDigits], NumberStyles.None, CultureInfo.InvariantCulture, out var version))
            return new LogFile(LogFileKind.Other, 0, info);
        var rest = name[(VersionDigits + 1)..];
        if (rest is "json")
            return new LogFile(LogFileKind.Commit, version, info);
        if (rest is "checkpoint.parquet")
            return new LogFile(LogFileKind.Checkpoint, version, info) { Part = 1, Parts = 1 };
        if (rest is "crc")
            return new LogFile(LogFileKind.Checksum, version, info);
        if (rest.StartsWith("checkpoint.", StringComparison.Ordinal))
        {
            Span<Range> pieces = stackalloc Range[5];
            var count = rest.Split(pieces, '.');
            if (count == 4 && rest[pieces[3]] is "parquet"
                && int.TryParse(rest[pieces[1]], NumberStyles.None, CultureInfo.InvariantCulture, out var part)
                && int.TryParse(rest[pieces[2]], NumberStyles.None, CultureInfo.InvariantCulture, out var parts))
                return new LogFile(LogFileKind.Checkpoint, version, info) { Part = part, Parts = parts };
            return new LogFile(LogFileKind.V2Checkpoint, version, info);
        }

        return new LogFile(rest.EndsWith(".compacted.json", StringComparison.Ordinal) ? LogFileKind.Compacted : LogFileKind.Other, version, info);
    }

    private static string Digits(long version) => version.ToString("D20", CultureInfo.InvariantCulture);
}

/// <summary>What a file of the log is.</summary>
internal enum LogFileKind
{
    Other,
    Commit,
    Checkpoint,
    V2Checkpoint,
    Checksum,
    Compacted,
}

/// <summary>A file of the log as its name tells it.</summary>
internal readonly record struct LogFile(LogFileKind Kind, long Version, ObjectInfo Info)
{
    public int Part { get; init; }

    public int Parts { get; init; }
}
