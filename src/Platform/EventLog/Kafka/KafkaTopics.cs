using System.Collections.Concurrent;
using System.Globalization;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.Logging;
using Pipeline.EventLog.Kafka.Native;

namespace Pipeline.EventLog.Kafka;

/// <summary>The topics that this process has met, and their making.</summary>
internal sealed class KafkaTopics(KafkaWriter writer, KafkaReader reader, KafkaSettings settings, KafkaLogOptions options, TimeProvider time, ILogger logger)
{
    private const string RetentionTime = "retention.ms";
    private const string RetentionBytes = "retention.bytes";
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(50);

    private readonly ConcurrentDictionary<string, KafkaTopic> _topics = new(StringComparer.Ordinal);

    public KafkaTopic? Find(string name) => _topics.TryGetValue(name, out var topic) ? topic : null;

    /// <exception cref="TerminalException">There is no such topic.</exception>
    public async ValueTask<KafkaTopic> GetAsync(string name, string operation, CancellationToken cancellationToken)
    {
        if (Find(name) is { } known)
            return known;
        await ListAsync(operation, cancellationToken);
        return Find(name) ?? throw new TerminalException($"{operation}: the topic does not exist.");
    }

    /// <summary>All topics but the brokers' own, by name. Asks for all, as a question for one may create it.</summary>
    public async Task<IReadOnlyList<KafkaTopic>> ListAsync(string operation, CancellationToken cancellationToken)
    {
        var metadata = await Blocking.RunAsync(operation, () => writer.Administer(operation, a => a.GetMetadata(options.OperationTimeout)), cancellationToken);
        var topics = new List<KafkaTopic>(metadata.Topics.Count);
        foreach (var topic in metadata.Topics.Where(t => !t.Topic.StartsWith("__", StringComparison.Ordinal)))
        {
            if (topic.Error.Code == ErrorCode.NoError && topic.Partitions.Count > 0)
                topics.Add(Know(topic.Topic, topic.Partitions.Count));
        }

        // A topic that was deleted is met no more.
        foreach (var gone in _topics.Keys.Except(topics.Select(t => t.Name)).ToList())
            _topics.TryRemove(gone, out _);
        topics.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
        return topics;
    }

    /// <summary>Creates the topic when it does not exist, and sets its retention.</summary>
    public async Task EnsureAsync(TopicDefinition definition, CancellationToken cancellationToken)
    {
        var operation = $"Create topic {definition.Name}";
        var topics = await ListAsync(operation, cancellationToken);
        var hasController = await HasControllerAsync(operation, cancellationToken);
        if (topics.FirstOrDefault(t => t.Name == definition.Name) is not { } topic)
        {
            if (hasController && await CreateAsync(definition, operation, cancellationToken))
                return;

            // Brokers that create no topics by request may create what is asked for, with as many partitions as they are configured to.
            await Blocking.RunAsync(operation, () => writer.Administer(operation, a => a.GetMetadata(definition.Name, options.OperationTimeout)), cancellationToken);
            topic = await AppearAsync(definition.Name, operation, cancellationToken);
        }

        if (topic.Partitions != definition.Partitions)
        {
            throw new TerminalException(
                $"{operation}: it exists with {topic.Partitions} partitions, not {definition.Partitions}; partitions are fixed for the life of a topic.");
        }

        if (hasController)
            await SetRetentionAsync(definition, operation, cancellationToken);
        else
            Log.RetentionNotSet(logger, definition.Name, "the brokers name no controller");
    }

    /// <summary>Whether there is a broker that takes such requests; without one the library waits for it until its time is over.</summary>
    private async Task<bool> HasControllerAsync(string operation, CancellationToken cancellationToken)
    {
        var controller = await reader.ControllerAsync(operation, cancellationToken);
        var metadata = await Blocking.RunAsync(operation, () => writer.Administer(operation, a => a.GetMetadata(options.OperationTimeout)), cancellationToken);
        return metadata.Brokers.Exists(b => b.BrokerId == controller);
    }

    /// <summary>False where somebody else created it in the same moment, or the brokers create topics by themselves only.</summary>
    private async Task<bool> CreateAsync(TopicDefinition definition, string operation, CancellationToken cancellationToken)
    {
        var configs = Retention(definition);
        configs["cleanup.policy"] = "delete";
        configs["max.message.bytes"] = settings.MaxMessageBytes.ToString(CultureInfo.InvariantCulture);
        if (options.MinInsyncReplicas > 0)
            configs["min.insync.replicas"] = options.MinInsyncReplicas.ToString(CultureInfo.InvariantCulture);
        var specification = new TopicSpecification
        {
            Name = definition.Name,
            NumPartitions = definition.Partitions,
            ReplicationFactor = options.ReplicationFactor,
            Configs = configs,
        };
        try
        {
            var create = new CreateTopicsOptions { RequestTimeout = options.OperationTimeout, OperationTimeout = options.OperationTimeout };
            await writer.Administer(operation, a => a.CreateTopicsAsync([specification], create)).WaitAsync(cancellationToken);
        }
        catch (CreateTopicsException e) when (e.Results[0].Error.Code == ErrorCode.TopicAlreadyExists)
        {
            return false;
        }
        catch (CreateTopicsException e)
        {
            throw KafkaErrors.Create(e.Results[0].Error.Code, operation, e.Results[0].Error.Reason, e);
        }
        catch (KafkaException e) when (e.Error.Code is ErrorCode.Local_UnsupportedFeature or ErrorCode.UnsupportedVersion)
        {
            return false;
        }
        catch (KafkaException e)
        {
            throw KafkaErrors.Translate(e, operation);
        }

        Log.TopicCreated(logger, definition.Name, definition.Partitions);
        await AppearAsync(definition.Name, operation, cancellationToken);
        return true;
    }

    /// <summary>A topic that was just created is known to all brokers a little later.</summary>
    private async Task<KafkaTopic> AppearAsync(string name, string operation, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            if ((await ListAsync(operation, cancellationToken)).FirstOrDefault(t => t.Name == name) is { } topic)
                return topic;
            if (time.GetElapsedTime(started) > options.OperationTimeout)
                throw new TransientException($"{operation}: the brokers do not show it.");
            await Task.Delay(_pause, time, cancellationToken);
        }
    }

    private async Task SetRetentionAsync(TopicDefinition definition, string operation, CancellationToken cancellationToken)
    {
        var wanted = Retention(definition);
        try
        {
            var resource = new ConfigResource { Type = ResourceType.Topic, Name = definition.Name };
            var describe = new DescribeConfigsOptions { RequestTimeout = options.OperationTimeout };
            var described = await writer.Administer(operation, a => a.DescribeConfigsAsync([resource], describe)).WaitAsync(cancellationToken);
            var now = described[0].Entries;
            if (wanted.All(w => now.TryGetValue(w.Key, out var entry) && entry.Value == w.Value))
                return;
            await AlterAsync(resource, now, wanted, operation, cancellationToken);
            Log.RetentionSet(logger, definition.Name, string.Join(", ", wanted.Select(w => $"{w.Key}={w.Value}")));
        }
        catch (KafkaException e) when (KafkaErrors.IsNotOffered(Code(e)))
        {
            // Who runs the brokers may keep this for itself; the log works without.
            Log.RetentionNotSet(logger, definition.Name, e.Error.Reason);
        }
        catch (KafkaException e)
        {
            throw KafkaErrors.Create(Code(e), $"{operation}, set its retention", e.Message, e);
        }
    }

    private Task AlterAsync(
        ConfigResource resource, Dictionary<string, ConfigEntryResult> now, Dictionary<string, string> wanted, string operation,
        CancellationToken cancellationToken)
    {
        if (KafkaLibrary.Has("rd_kafka_IncrementalAlterConfigs"))
        {
            List<ConfigEntry> changes = [.. wanted.Select(w => new ConfigEntry { Name = w.Key, Value = w.Value, IncrementalOperation = AlterConfigOpType.Set })];
            var incremental = new IncrementalAlterConfigsOptions { RequestTimeout = options.OperationTimeout };
            return writer.Administer(operation, a => a.IncrementalAlterConfigsAsync(new() { [resource] = changes }, incremental)).WaitAsync(cancellationToken);
        }

        // The older request replaces all that is set for the topic, so what is set stays in it.
        var all = now.Values.Where(e => e.Source == ConfigSource.DynamicTopicConfig).ToDictionary(e => e.Name, e => e.Value, StringComparer.Ordinal);
        foreach (var (name, value) in wanted)
            all[name] = value;
        List<ConfigEntry> entries = [.. all.Select(a => new ConfigEntry { Name = a.Key, Value = a.Value })];
        var alter = new AlterConfigsOptions { RequestTimeout = options.OperationTimeout };
        return writer.Administer(operation, a => a.AlterConfigsAsync(new() { [resource] = entries }, alter)).WaitAsync(cancellationToken);
    }

    private static ErrorCode Code(KafkaException error) => error switch
    {
        DescribeConfigsException described => described.Results.FirstOrDefault(r => r.Error.IsError)?.Error.Code ?? described.Error.Code,
        AlterConfigsException altered => altered.Results.FirstOrDefault(r => r.Error.IsError)?.Error.Code ?? altered.Error.Code,
        _ => error.Error.Code,
    };

    /// <summary>Kafka counts the size for each partition.</summary>
    private static Dictionary<string, string> Retention(TopicDefinition definition)
    {
        var retention = definition.Retention ?? new RetentionPolicy();
        var bytes = retention.MaxBytes is { } most ? Math.Max(1, most / definition.Partitions) : -1;
        var milliseconds = retention.MaxAge is { } age ? Math.Max(1, (long)age.TotalMilliseconds) : -1;
        return new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [RetentionTime] = milliseconds.ToString(CultureInfo.InvariantCulture),
            [RetentionBytes] = bytes.ToString(CultureInfo.InvariantCulture),
        };
    }

    private KafkaTopic Know(string name, int partitions) =>
        _topics.AddOrUpdate(name, _ => new KafkaTopic(name, partitions), (_, known) => known.Partitions == partitions ? known : new KafkaTopic(name, partitions));
}
