namespace Pipeline.EventLog.Kafka;

/// <summary>
/// How the log in Apache Kafka works; configuration section <c>EventLog:Kafka</c>. Where the brokers are is <c>ConnectionStrings:kafka</c>,
/// <c>HOST:PORT[,HOST:PORT]</c>.
/// </summary>
public sealed class KafkaLogOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "EventLog:Kafka";

    /// <summary>On how many brokers a partition of a new topic is kept; -1 leaves it to the brokers.</summary>
    public short ReplicationFactor { get; set; } = -1;

    /// <summary>How many of them must have a record before it is acknowledged (<c>min.insync.replicas</c> of new topics); 0 leaves it to the brokers.</summary>
    public int MinInsyncReplicas { get; set; }

    /// <summary>The largest record, key, headers and value together; larger ones are refused. New topics take as much.</summary>
    public int MaxRecordBytes { get; set; } = 1 << 20;

    /// <summary>The most bytes that wait to be acknowledged; appends beyond fail with <see cref="TransientException"/> at once.</summary>
    public long MaxPendingBytes { get; set; } = 64 << 20;

    /// <summary>The most records that wait to be acknowledged.</summary>
    public int MaxPendingRecords { get; set; } = 500_000;

    /// <summary>
    /// How record batches are compressed: <c>none</c>, <c>lz4</c>, <c>zstd</c>, <c>snappy</c> or <c>gzip</c>. The batches of single requests are small:
    /// compressing them costs more than it saves, unless the network or the brokers' disks are what is short.
    /// </summary>
    public string Compression { get; set; } = "none";

    /// <summary>How long a record waits for others to be sent with it.</summary>
    public TimeSpan Linger { get; set; } = TimeSpan.FromMilliseconds(1);

    /// <summary>How long a record may take to be acknowledged before its append fails; it may be in the log all the same.</summary>
    public TimeSpan DeliveryTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a stop waits for what is appended but not yet acknowledged.</summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>How long any other request may take.</summary>
    public TimeSpan OperationTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The session timeout of consumers that name none. Brokers refuse less than their <c>group.min.session.timeout.ms</c>, 6 s unless configured.
    /// </summary>
    public TimeSpan SessionTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>A consumer whose owner does not read for so long loses its partitions, however lively its heartbeat is.</summary>
    public TimeSpan MaxPollInterval { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How long a broker holds a fetch that finds nothing new. Brokers answer at once when something comes.</summary>
    public TimeSpan FetchWait { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How many bytes of each partition are fetched ahead.</summary>
    public int PrefetchBytes { get; set; } = 8 << 20;

    /// <summary>
    /// Groups to report, as <c>GROUP@TOPIC</c>, where brokers do not list groups or do not let this client do it; those of this process are known without it.
    /// </summary>
    public IList<string> Groups { get; init; } = [];

    /// <summary><c>Plaintext</c>, <c>Ssl</c>, <c>SaslPlaintext</c> or <c>SaslSsl</c>.</summary>
    public string SecurityProtocol { get; set; } = "Plaintext";

    /// <summary>How to log in: <c>PLAIN</c>, <c>SCRAM-SHA-256</c>, <c>SCRAM-SHA-512</c>, <c>GSSAPI</c> or <c>OAUTHBEARER</c>.</summary>
    public string? SaslMechanism { get; set; }

    /// <summary>The user's name for PLAIN and SCRAM.</summary>
    public string? SaslUsername { get; set; }

    /// <summary>The password for PLAIN and SCRAM. A secret: never logged.</summary>
    public string? SaslPassword { get; set; }

    /// <summary>A file or folder of certificates (PEM) that the brokers' are checked against; the system's where it is not set.</summary>
    public string? SslCaLocation { get; set; }

    /// <summary>The client's certificate (PEM file).</summary>
    public string? SslCertificateLocation { get; set; }

    /// <summary>The client's private key (PEM file).</summary>
    public string? SslKeyLocation { get; set; }

    /// <summary>The password of the private key. A secret: never logged.</summary>
    public string? SslKeyPassword { get; set; }

    /// <summary>
    /// Any other property of librdkafka, for all clients; it wins over the settings above. In a name <c>_</c> stands for <c>.</c>, for environment variables.
    /// </summary>
    public IDictionary<string, string> Properties { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The same, for the producer alone.</summary>
    public IDictionary<string, string> Producer { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The same, for consumers and readers alone.</summary>
    public IDictionary<string, string> Consumer { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
}
