using System.Globalization;

namespace Pipeline.EventLog.Kafka;

/// <summary>Properties of librdkafka for each kind of client, out of the options. Later ones win.</summary>
internal sealed class KafkaSettings(string servers, KafkaLogOptions options)
{
    /// <summary>What a batch takes beside its records.</summary>
    private const int BatchOverhead = 64 << 10;

    private static readonly TimeSpan _longestHeartbeat = TimeSpan.FromSeconds(3);

    /// <summary>The largest request of the producer, and the largest batch that new topics take.</summary>
    public int MaxMessageBytes => options.MaxRecordBytes + BatchOverhead;

    /// <summary>The name of a raw property: <c>_</c> stands for <c>.</c>, which environment variables cannot have.</summary>
    public static string Name(string property) => property.Replace('_', '.').ToLowerInvariant();

    /// <summary>A security protocol without its case and underscore: <c>SASL_SSL</c> is <c>SaslSsl</c>.</summary>
    public static string Protocol(string name) => name.Replace("_", "", StringComparison.Ordinal).ToLowerInvariant();

    public Dictionary<string, string> Producer()
    {
        var settings = Common();
        settings["enable.idempotence"] = "true";
        settings["acks"] = "all";
        settings["compression.type"] = options.Compression.ToLowerInvariant();
        settings["linger.ms"] = options.Linger.TotalMilliseconds.ToString("0.###", CultureInfo.InvariantCulture);
        settings["message.timeout.ms"] = Milliseconds(options.DeliveryTimeout);
        settings["message.max.bytes"] = Text(MaxMessageBytes);

        // The log counts what waits by itself and refuses sooner.
        settings["queue.buffering.max.messages"] = Text(Math.Min(10_000_000, 2L * options.MaxPendingRecords));
        settings["queue.buffering.max.kbytes"] = Text(Math.Clamp(2 * options.MaxPendingBytes / 1024, 1, int.MaxValue));
        Add(settings, options.Producer);
        return settings;
    }

    public Dictionary<string, string> Member(string group, TimeSpan session)
    {
        var settings = Common();
        settings["group.id"] = group;
        settings["partition.assignment.strategy"] = "cooperative-sticky";
        settings["auto.offset.reset"] = "earliest";
        settings["enable.auto.commit"] = "false";
        settings["enable.auto.offset.store"] = "false";
        settings["session.timeout.ms"] = Milliseconds(session);
        settings["heartbeat.interval.ms"] = Milliseconds(session / 4 < _longestHeartbeat ? session / 4 : _longestHeartbeat);
        settings["max.poll.interval.ms"] = Milliseconds(options.MaxPollInterval > session ? options.MaxPollInterval : session);
        settings["fetch.wait.max.ms"] = Milliseconds(options.FetchWait);
        settings["queued.max.messages.kbytes"] = Text(Math.Max(1, options.PrefetchBytes / 1024));
        Add(settings, options.Consumer);
        return settings;
    }

    public Dictionary<string, string> Reader()
    {
        var settings = Common();
        settings["auto.offset.reset"] = "error";
        settings["enable.auto.commit"] = "false";
        settings["enable.auto.offset.store"] = "false";

        // A read asks for what is there and is over.
        settings["enable.partition.eof"] = "true";
        settings["fetch.wait.max.ms"] = "5";
        Add(settings, options.Consumer);
        return settings;
    }

    private Dictionary<string, string> Common()
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["bootstrap.servers"] = servers,
            ["client.id"] = ClientId,
            ["socket.keepalive.enable"] = "true",

            // A small batch does not wait for the acknowledgement of the one before.
            ["socket.nagle.disable"] = "true",
            ["reconnect.backoff.max.ms"] = "2000",
            ["security.protocol"] = Protocol(options.SecurityProtocol).Replace("sasl", "sasl_", StringComparison.Ordinal),
        };
        Set("sasl.mechanism", options.SaslMechanism?.ToUpperInvariant());
        Set("sasl.username", options.SaslUsername);
        Set("sasl.password", options.SaslPassword);
        Set("ssl.ca.location", options.SslCaLocation);
        Set("ssl.certificate.location", options.SslCertificateLocation);
        Set("ssl.key.location", options.SslKeyLocation);
        Set("ssl.key.password", options.SslKeyPassword);
        Add(settings, options.Properties);
        return settings;

        void Set(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value))
                settings[name] = value;
        }
    }

    /// <summary>Names this process in the brokers' logs, metrics and lists of members.</summary>
    public static string ClientId { get; } = string.Create(CultureInfo.InvariantCulture, $"pipeline-{Environment.MachineName}-{Environment.ProcessId}");

    private static void Add(Dictionary<string, string> settings, IDictionary<string, string> properties)
    {
        foreach (var (name, value) in properties)
            settings[Name(name)] = value;
    }

    private static string Milliseconds(TimeSpan time) => Text((long)Math.Max(1, time.TotalMilliseconds));

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
