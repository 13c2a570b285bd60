namespace Pipeline.Lake;

/// <summary>How the lake works. Bound from the section <c>Lake</c>; where it is comes from the connection string <c>lake</c>.</summary>
public sealed class LakeOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Lake";

    /// <summary>The connection string's name: a folder or <c>s3://bucket/prefix?...</c>, see <see cref="ObjectStores"/>.</summary>
    public const string ConnectionStringName = "lake";

    /// <summary>Memory of the engine that writes checkpoints and compacts, in bytes. At least 64 MiB.</summary>
    public long EngineMemoryBytes { get; set; } = 192L << 20;

    /// <summary>Threads of that engine, 1 to 256. Default 1: it works in the background, and each further one holds another row group in memory.</summary>
    public int EngineThreads { get; set; } = 1;

    /// <summary>How often a commit is tried against other writers before it is given up as transient, 1 to 10,000.</summary>
    public int MaxCommitAttempts { get; set; } = 100;

    /// <summary>Commits between two checkpoints of a table that does not set <c>delta.checkpointInterval</c>, 1 to 10,000.</summary>
    public int CheckpointInterval { get; set; } = 10;

    /// <summary>How a lake on S3 is reached; without meaning for a folder.</summary>
    public S3Options S3 { get; init; } = new();

    /// <summary>All faults of the values, each with the value; empty where there is none.</summary>
    internal IReadOnlyList<string> Faults()
    {
        var faults = new List<string>();
        if (EngineMemoryBytes < 64L << 20)
            faults.Add($"{Section}:{nameof(EngineMemoryBytes)} is {EngineMemoryBytes}; the engine needs at least {64L << 20} bytes.");
        if (EngineThreads is < 1 or > 256)
            faults.Add($"{Section}:{nameof(EngineThreads)} is {EngineThreads}; it must be 1 to 256.");
        if (MaxCommitAttempts is < 1 or > 10_000)
            faults.Add($"{Section}:{nameof(MaxCommitAttempts)} is {MaxCommitAttempts}; it must be 1 to 10000.");
        if (CheckpointInterval is < 1 or > 10_000)
            faults.Add($"{Section}:{nameof(CheckpointInterval)} is {CheckpointInterval}; it must be 1 to 10000.");
        return faults;
    }
}
