using System.Text.RegularExpressions;

namespace Pipeline.EventLog;

/// <summary>What a topic may be, whatever keeps it.</summary>
internal static partial class TopicRules
{
    private const int MaxPartitions = 1_000;

    /// <summary>Refuses what no adapter takes.</summary>
    /// <exception cref="TerminalException">The name, the partitions or the retention is not valid; the message says which.</exception>
    public static void Check(TopicDefinition topic)
    {
        ArgumentNullException.ThrowIfNull(topic);
        if (!NamePattern().IsMatch(topic.Name) || topic.Name is "." or "..")
            throw new TerminalException($"Create topic '{topic.Name}': a name has 1 to 200 characters of A-Z, a-z, 0-9, '.', '_', '-' and is not '.' or '..'.");
        if (topic.Partitions is < 1 or > MaxPartitions)
            throw new TerminalException($"Create topic {topic.Name}: {topic.Partitions} partitions; there may be 1 to {MaxPartitions}.");
        var retention = topic.Retention ?? new RetentionPolicy();
        if (retention.MaxAge <= TimeSpan.Zero || retention.MaxBytes <= 0)
            throw new TerminalException($"Create topic {topic.Name}: the retention {retention} is not positive.");
    }

    [GeneratedRegex("^[A-Za-z0-9._-]{1,200}$", RegexOptions.CultureInvariant)]
    private static partial Regex NamePattern();
}
