namespace Pipeline.DuckDb;

/// <summary>How a database is opened.</summary>
public sealed record DuckOptions
{
    /// <summary>A database held in memory.</summary>
    public const string InMemory = ":memory:";

    /// <summary>The database file, or <see cref="InMemory"/>. A file can be opened once at a time, by one process.</summary>
    public string Path { get; init; } = InMemory;

    /// <summary>Bytes that DuckDB may hold in memory; null leaves its default, 80% of the machine's.</summary>
    public long? MemoryLimitBytes { get; init; }

    /// <summary>Threads that a query may use, the caller's included; null means one for each core.</summary>
    public int? Threads { get; init; }

    /// <summary>
    /// A folder for what does not fit into memory. Null means that a database in memory does not spill, and that a database file spills to the
    /// folder beside it.
    /// </summary>
    public string? TempDirectory { get; init; }

    /// <summary>Bytes that may be spilled at most; null leaves DuckDB's default, 90% of the free disk.</summary>
    public long? MaxTempBytes { get; init; }

    /// <summary>Further settings by DuckDB's names, applied after all others.</summary>
    public IReadOnlyDictionary<string, string>? Settings { get; init; }
}
