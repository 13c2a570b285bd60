using Microsoft.Extensions.Options;

namespace Pipeline.EventLog.Kafka;

/// <summary>Reports every option that is out of its range, with its value; values of secrets and of raw properties are not told.</summary>
internal sealed class KafkaLogOptionsValidator : IValidateOptions<KafkaLogOptions>
{
    private const int LargestRecord = 64 << 20;
    private static readonly TimeSpan _hour = TimeSpan.FromHours(1);

    private static readonly string[] _compressions = ["none", "lz4", "zstd", "snappy", "gzip"];
    private static readonly string[] _protocols = ["plaintext", "ssl", "saslplaintext", "saslssl"];
    private static readonly string[] _mechanisms = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "GSSAPI", "OAUTHBEARER"];

    /// <summary>What the log's promises rest on.</summary>
    private static readonly HashSet<string> _ours = new(StringComparer.Ordinal)
    {
        "bootstrap.servers", "metadata.broker.list", "group.id", "enable.idempotence", "acks", "request.required.acks", "enable.auto.commit", "enable.auto.offset.store",
        "auto.offset.reset", "partition.assignment.strategy", "group.protocol", "enable.partition.eof", "delivery.report.only.error", "transactional.id",
    };

    public ValidateOptionsResult Validate(string? name, KafkaLogOptions options)
    {
        var failures = new List<string>();
        Check(nameof(options.ReplicationFactor), options.ReplicationFactor, -1, 100);
        if (options.ReplicationFactor == 0)
            failures.Add($"{KafkaLogOptions.Section}:{nameof(options.ReplicationFactor)} is 0; it must be -1 (the brokers decide) or 1 to 100.");
        Check(nameof(options.MinInsyncReplicas), options.MinInsyncReplicas, 0, options.ReplicationFactor > 0 ? options.ReplicationFactor : 100);
        Check(nameof(options.MaxRecordBytes), options.MaxRecordBytes, 1 << 10, LargestRecord);
        Check(nameof(options.MaxPendingBytes), options.MaxPendingBytes, options.MaxRecordBytes, 1L << 30);
        Check(nameof(options.MaxPendingRecords), options.MaxPendingRecords, 1, 5_000_000);
        Check(nameof(options.PrefetchBytes), options.PrefetchBytes, 1 << 10, 1 << 30);
        OneOf(nameof(options.Compression), options.Compression, _compressions);
        OneOf(nameof(options.SecurityProtocol), KafkaSettings.Protocol(options.SecurityProtocol), _protocols);
        if (options.SaslMechanism is not null)
            OneOf(nameof(options.SaslMechanism), options.SaslMechanism, _mechanisms);
        if (IsSasl(options) && options.SaslMechanism is null)
            failures.Add($"{KafkaLogOptions.Section}:{nameof(options.SaslMechanism)} is not set, but {nameof(options.SecurityProtocol)} is {options.SecurityProtocol}.");
        if (options.SaslMechanism is not null && !IsSasl(options))
            failures.Add($"{KafkaLogOptions.Section}:{nameof(options.SaslMechanism)} is {options.SaslMechanism}, but {nameof(options.SecurityProtocol)} is {options.SecurityProtocol}.");
        CheckTime(nameof(options.Linger), options.Linger, TimeSpan.Zero, TimeSpan.FromSeconds(10));
        CheckTime(nameof(options.DeliveryTimeout), options.DeliveryTimeout, TimeSpan.FromSeconds(1), _hour);
        CheckTime(nameof(options.DrainTimeout), options.DrainTimeout, TimeSpan.Zero, TimeSpan.FromMinutes(10));
        CheckTime(nameof(options.OperationTimeout), options.OperationTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(10));
        CheckTime(nameof(options.SessionTimeout), options.SessionTimeout, TimeSpan.FromMilliseconds(200), _hour);
        CheckTime(nameof(options.MaxPollInterval), options.MaxPollInterval, options.SessionTimeout, TimeSpan.FromDays(1));
        CheckTime(nameof(options.FetchWait), options.FetchWait, TimeSpan.Zero, TimeSpan.FromMinutes(5));
        foreach (var group in options.Groups.Where(g => !KafkaGroups.TryParse(g, out _, out _)))
            failures.Add($"{KafkaLogOptions.Section}:{nameof(options.Groups)} has '{group}'; it must be GROUP@TOPIC.");
        foreach (var (section, properties) in Raw(options))
        {
            foreach (var property in properties.Keys.Select(KafkaSettings.Name).Where(_ours.Contains))
                failures.Add($"{KafkaLogOptions.Section}:{section}:{property} cannot be set: the log's promises rest on it.");
        }

        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);

        void Check(string option, long value, long from, long to)
        {
            if (value < from || value > to)
                failures.Add($"{KafkaLogOptions.Section}:{option} is {value}; it must be {from} to {to}.");
        }

        void CheckTime(string option, TimeSpan value, TimeSpan from, TimeSpan to)
        {
            if (value < from || value > to)
                failures.Add($"{KafkaLogOptions.Section}:{option} is {value}; it must be {from} to {to}.");
        }

        void OneOf(string option, string value, string[] values)
        {
            if (!values.Contains(value, StringComparer.OrdinalIgnoreCase))
                failures.Add($"{KafkaLogOptions.Section}:{option} is '{value}'; it must be {string.Join(", ", values)}.");
        }
    }

    private static bool IsSasl(KafkaLogOptions options) => options.SecurityProtocol.StartsWith("sasl", StringComparison.OrdinalIgnoreCase);

    private static IEnumerable<(string Section, IDictionary<string, string> Properties)> Raw(KafkaLogOptions options) =>
        [(nameof(options.Properties), options.Properties), (nameof(options.Producer), options.Producer), (nameof(options.Consumer), options.Consumer)];
}
