using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Pipeline.EventLog.Kafka.Native;

namespace Pipeline.EventLog.Kafka;

/// <summary>
/// Tells how far groups are. Brokers list groups and their members; where they do not, or do not let this client ask, the groups of this process and of the
/// configuration are known, with the members that are in this process.
/// </summary>
internal sealed class KafkaGroups(KafkaWriter writer, KafkaReader reader, KafkaTopics topics, KafkaLogOptions options, ILogger logger)
{
    private const string Operation = "List the log's consumer groups";

    private readonly ConcurrentDictionary<(string Group, string Topic), List<KafkaConsumer>> _own = new();
    private int _notListed;

    /// <summary>Reads <c>GROUP@TOPIC</c>.</summary>
    public static bool TryParse(string text, out string group, out string topic)
    {
        var at = text.LastIndexOf('@');
        (group, topic) = at <= 0 || at == text.Length - 1 ? ("", "") : (text[..at], text[(at + 1)..]);
        return group.Length > 0;
    }

    public void Add(KafkaConsumer consumer)
    {
        var members = _own.GetOrAdd((consumer.Definition.Group, consumer.Definition.Topic), _ => []);
        lock (members)
            members.Add(consumer);
    }

    public void Remove(KafkaConsumer consumer)
    {
        if (!_own.TryGetValue((consumer.Definition.Group, consumer.Definition.Topic), out var members))
            return;
        lock (members)
            members.Remove(consumer);
    }

    public async Task<IReadOnlyList<GroupStatus>> GetAsync(CancellationToken cancellationToken)
    {
        var known = (await topics.ListAsync(Operation, cancellationToken)).ToDictionary(t => t.Name, StringComparer.Ordinal);
        var views = new Dictionary<(string Group, string Topic), GroupView>();
        var listed = await ListedAsync(views, cancellationToken);
        foreach (var configured in options.Groups)
        {
            if (TryParse(configured, out var group, out var topic))
                views.TryAdd((group, topic), new GroupView());
        }

        foreach (var (key, members) in _own)
        {
            if (!views.TryGetValue(key, out var view))
                views.Add(key, view = new GroupView());
            if (listed is null)
                view.AddOwn(members);
        }

        var committed = await CommittedAsync(views, listed, known, cancellationToken);
        foreach (var offset in committed.SelectMany(c => c.Value.Where(o => o.Offset >= 0).Select(o => (c.Key, o.Topic))).Distinct())
            views.TryAdd((offset.Key, offset.Topic), new GroupView());

        KafkaTopic[] read = [.. views.Keys.Select(v => v.Topic).Distinct().Where(known.ContainsKey).Select(t => known[t])];
        var ends = await reader.EndsAsync(read, Operation, cancellationToken);
        return
        [
            .. views.Where(v => known.ContainsKey(v.Key.Topic))
                .OrderBy(v => v.Key.Group, StringComparer.Ordinal).ThenBy(v => v.Key.Topic, StringComparer.Ordinal)
                .Select(v => Status(v.Key.Group, known[v.Key.Topic], v.Value, committed.GetValueOrDefault(v.Key.Group) ?? [], ends)),
        ];
    }

    private static GroupStatus Status(
        string group, KafkaTopic topic, GroupView view, PartitionOffset[] committed, Dictionary<(string Topic, int Partition), (long Start, long End)> ends)
    {
        var offsets = committed.Where(c => c.Topic == topic.Name).ToDictionary(c => c.Partition, c => c.Offset);
        var partitions = Enumerable.Range(0, topic.Partitions).Select(p =>
        {
            var (start, end) = ends[(topic.Name, p)];
            return new GroupPartitionStatus(p, Math.Max(offsets.GetValueOrDefault(p, -1), start), end, view.Holders.GetValueOrDefault(p));
        });
        return new GroupStatus(group, topic.Name, view.Members, [.. partitions]);
    }

    /// <summary>Notes the groups that the brokers list, with their members; null where they do not list them.</summary>
    private async Task<HashSet<string>?> ListedAsync(Dictionary<(string Group, string Topic), GroupView> views, CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _notListed) != 0)
            return null;
        List<GroupInfo> groups;
        try
        {
            groups = await Blocking.RunAsync(Operation, () => writer.Administer(Operation, a => a.ListGroups(options.OperationTimeout)), cancellationToken);
        }
        catch (TerminalException e) when (e.InnerException is KafkaException { Error.Code: var code } && KafkaErrors.IsNotOffered(code))
        {
            if (Interlocked.Exchange(ref _notListed, 1) == 0)
                Log.GroupsNotListed(logger, e.InnerException.Message);
            return null;
        }

        foreach (var group in groups.Where(g => g.ProtocolType == "consumer"))
        {
            foreach (var (member, number) in group.Members.Select((m, i) => (m, i)))
            {
                var name = string.Create(CultureInfo.InvariantCulture, $"{member.ClientId}#{number}");
                foreach (var topic in MemberBytes.Subscription(member.MemberMetadata))
                    View(group.Group, topic).Members++;
                foreach (var (topic, partition) in MemberBytes.Assignment(member.MemberAssignment))
                    View(group.Group, topic).Holders[partition] = name;
            }
        }

        return [.. groups.Where(g => g.ProtocolType is "consumer" or "").Select(g => g.Group)];

        GroupView View(string group, string topic)
        {
            if (!views.TryGetValue((group, topic), out var view))
                views.Add((group, topic), view = new GroupView());
            return view;
        }
    }

    private async Task<Dictionary<string, PartitionOffset[]>> CommittedAsync(
        Dictionary<(string Group, string Topic), GroupView> views, HashSet<string>? listed, Dictionary<string, KafkaTopic> known,
        CancellationToken cancellationToken)
    {
        var wanted = new Dictionary<string, PartitionOffset[]?>(StringComparer.Ordinal);
        foreach (var group in listed ?? [])
            wanted[group] = null;
        foreach (var group in views.Keys.GroupBy(v => v.Group).Where(g => !wanted.ContainsKey(g.Key)))
        {
            PartitionOffset[] partitions =
            [
                .. group.Where(g => known.ContainsKey(g.Topic))
                    .SelectMany(g => Enumerable.Range(0, known[g.Topic].Partitions).Select(p => new PartitionOffset(g.Topic, p, -1))),
            ];
            if (partitions.Length > 0)
                wanted.Add(group.Key, partitions);
        }

        return wanted.Count == 0 ? [] : await reader.CommittedAsync(wanted, Operation, cancellationToken);
    }

    /// <summary>Who is in a group and holds what.</summary>
    private sealed class GroupView
    {
        public int Members { get; set; }

        public Dictionary<int, string> Holders { get; } = [];

        public void AddOwn(List<KafkaConsumer> members)
        {
            lock (members)
            {
                foreach (var (member, number) in members.Where(m => m.IsMember).Select((m, i) => (m, i)))
                {
                    Members++;
                    foreach (var partition in member.Assignment)
                        Holders[partition] = string.Create(CultureInfo.InvariantCulture, $"{KafkaSettings.ClientId}#{number}");
                }
            }
        }
    }

    /// <summary>Reads what members tell each other: Kafka's consumer protocol, versions 0 to 3, which begin alike.</summary>
    private ref struct MemberBytes(byte[] bytes)
    {
        private ReadOnlySpan<byte> _rest = bytes;

        public static List<string> Subscription(byte[]? bytes)
        {
            var names = new List<string>();
            if (bytes is not { Length: > 0 })
                return names;
            var reader = new MemberBytes(bytes);
            reader.Int16();
            for (var count = reader.Int32(); count > 0; count--)
                names.Add(reader.Text());
            return names;
        }

        public static List<(string Topic, int Partition)> Assignment(byte[]? bytes)
        {
            var partitions = new List<(string, int)>();
            if (bytes is not { Length: > 0 })
                return partitions;
            var reader = new MemberBytes(bytes);
            reader.Int16();
            for (var topics = reader.Int32(); topics > 0; topics--)
            {
                var topic = reader.Text();
                for (var count = reader.Int32(); count > 0; count--)
                    partitions.Add((topic, reader.Int32()));
            }

            return partitions;
        }

        private short Int16() => BinaryPrimitives.ReadInt16BigEndian(Take(sizeof(short)));

        private int Int32() => BinaryPrimitives.ReadInt32BigEndian(Take(sizeof(int)));

        private string Text() => Encoding.UTF8.GetString(Take(Int16()));

        private ReadOnlySpan<byte> Take(int length)
        {
            if ((uint)length > (uint)_rest.Length)
                throw new TerminalException($"{Operation}: what a member tells of itself is not of the consumer protocol.");
            var taken = _rest[..length];
            _rest = _rest[length..];
            return taken;
        }
    }
}
