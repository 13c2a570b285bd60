namespace Pipeline.Postgres;

/// <summary>How a private server is run. Only the data directory must be given.</summary>
public sealed class PrivatePostgresOptions
{
    /// <summary>
    /// The host's data directory (by default of the program <c>.pipeline</c>). The server's files are in its folder <c>postgres</c>; it is made when missing.
    /// </summary>
    public required string DataDirectory { get; init; }

    /// <summary>The database that the connection string names; made at the first start.</summary>
    public string Database { get; init; } = "pipeline";

    /// <summary>The TCP port on 127.0.0.1; 0 takes the port of the last start if it is free, else any free one.</summary>
    public int Port { get; init; }

    /// <summary>
    /// The user as whom the server runs when the host is root; null takes the owner of an existing cluster, else <c>postgres</c>, else <c>nobody</c>.
    /// Without meaning when the host is not root.
    /// </summary>
    public string? UserName { get; init; }

    /// <summary>
    /// Where the server's files and a copy of the engine go when the host is root and the server's user cannot enter the data directory or the engine's folder.
    /// </summary>
    public string SharedDirectory { get; init; } = "/var/lib/pipeline";

    /// <summary>The PostgreSQL distribution (the folder with <c>bin</c>, <c>lib</c> and <c>share</c>); null takes the one that the build restored.</summary>
    public string? EngineDirectory { get; init; }

    /// <summary>How long the server may take until it accepts connections, crash recovery included.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long an orderly stop may take before the server is stopped at once (which costs a recovery at the next start, never data).</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(2.5);

    /// <summary>
    /// Stop the server also when this process is killed. For tests; a host leaves it off, so that its next start takes the running server over.
    /// </summary>
    public bool StopWithParent { get; init; }

    /// <summary>Settings of PostgreSQL that replace or extend the built-in ones.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>Finds a free port; tests make it return one that is taken.</summary>
    internal Func<int>? FindFreePort { get; init; }
}
