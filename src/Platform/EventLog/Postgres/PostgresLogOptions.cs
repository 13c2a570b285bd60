namespace Pipeline.EventLog.Postgres;

/// <summary>How the log in PostgreSQL works; configuration section <c>EventLog</c>.</summary>
public sealed class PostgresLogOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "EventLog";

    /// <summary>The largest record, key, headers and value together; larger ones are refused.</summary>
    public int MaxRecordBytes { get; set; } = 1 << 20;

    /// <summary>The most bytes that wait to be written; appends beyond fail with <see cref="TransientException"/> at once.</summary>
    public long MaxPendingBytes { get; set; } = 64 << 20;

    /// <summary>The most records that wait to be written.</summary>
    public int MaxPendingRecords { get; set; } = 500_000;

    /// <summary>How many bytes one transaction takes at most; a single append that is larger goes alone.</summary>
    public int MaxFlushBytes { get; set; } = 2 << 20;

    /// <summary>How long one flush may take before its appends fail.</summary>
    public TimeSpan FlushTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a stop waits for what is appended but not yet written.</summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>How many bytes of the newest records stay in memory for consumers in the same process; 0 reads all from PostgreSQL.</summary>
    public long TailCacheBytes { get; set; } = 24 << 20;

    /// <summary>Other processes are told of new records at most this often; at once after a pause. Each time costs them a look and a read of every partition.</summary>
    public TimeSpan NotifyInterval { get; set; } = TimeSpan.FromMilliseconds(25);

    /// <summary>How often a process with consumers looks for new records in case a notification was lost.</summary>
    public TimeSpan RecheckInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>The session timeout of consumers that name none.</summary>
    public TimeSpan SessionTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>A chunk of this size is closed and the next one opened.</summary>
    public long ChunkBytes { get; set; } = 256 << 20;

    /// <summary>A chunk of this age is closed and the next one opened; sooner where the topic's records live shorter.</summary>
    public TimeSpan ChunkAge { get; set; } = TimeSpan.FromDays(1);

    /// <summary>How often chunks are looked after: closed, opened, dropped.</summary>
    public TimeSpan RetentionInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>The most connections to PostgreSQL that the log uses in this process.</summary>
    public int MaxConnections { get; set; } = 12;
}
