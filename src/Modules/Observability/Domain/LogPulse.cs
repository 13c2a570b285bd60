namespace Pipeline.Observability.Domain;

/// <summary>What the looks at the log tell together: rates, lag and how far groups are behind, over the last minutes. Not thread-safe.</summary>
internal sealed class LogPulse
{
    private readonly Dictionary<string, TopicPulse> _topics = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Group, string Topic), GroupPulse> _groups = [];

    /// <summary>The topics, by name.</summary>
    public IEnumerable<TopicPulse> Topics => _topics.Values.OrderBy(t => t.Reading.Name, StringComparer.Ordinal);

    /// <summary>The groups, by topic and name.</summary>
    public IEnumerable<GroupPulse> Groups =>
        _groups.Values.OrderBy(g => g.Reading.Topic, StringComparer.Ordinal).ThenBy(g => g.Reading.Group, StringComparer.Ordinal);

    /// <summary>Takes a look in.</summary>
    /// <param name="at">When, in milliseconds since 1970 by a clock that goes forward.</param>
    /// <param name="topics">All topics.</param>
    /// <param name="groups">All groups.</param>
    public void Look(long at, IReadOnlyList<TopicReading> topics, IReadOnlyList<GroupReading> groups)
    {
        Forget(_topics, topics.Select(t => t.Name).ToHashSet(StringComparer.Ordinal));
        Forget(_groups, groups.Select(g => (g.Group, g.Topic)).ToHashSet());
        foreach (var topic in topics)
        {
            if (_topics.TryGetValue(topic.Name, out var pulse))
                pulse.Look(at, topic);
            else
                _topics.Add(topic.Name, new TopicPulse(at, topic));
        }

        foreach (var group in groups)
        {
            if (!_groups.TryGetValue((group.Group, group.Topic), out var pulse))
                _groups.Add((group.Group, group.Topic), pulse = new GroupPulse());
            pulse.Look(at, group, _topics.GetValueOrDefault(group.Topic));
        }
    }

    private static void Forget<TKey, TValue>(Dictionary<TKey, TValue> known, HashSet<TKey> there)
        where TKey : notnull
    {
        foreach (var gone in known.Keys.Where(k => !there.Contains(k)).ToArray())
            known.Remove(gone);
    }
}

/// <summary>A topic over the last minutes.</summary>
internal sealed class TopicPulse
{
    private readonly Dictionary<int, OffsetHistory> _ends = [];
    private readonly OffsetHistory _total = new();
    private long _at;

    public TopicPulse(long at, TopicReading reading)
    {
        Reading = reading;
        _at = at;
        Remember(at, reading);
    }

    public TopicReading Reading { get; private set; }

    public SeriesRing PerSecond { get; } = new();

    /// <summary>How many records were appended within the series.</summary>
    public long Added => _total.GrowthSince(_at - (SeriesRing.Seconds * 1000L));

    public void Look(long at, TopicReading reading)
    {
        if (at <= _at)
            return;
        PerSecond.Set(at / 1000, Math.Max(0, reading.EndOffset - Reading.EndOffset) * 1000.0 / (at - _at));
        (Reading, _at) = (reading, at);
        Remember(at, reading);
    }

    public long AgeOf(int partition, long offset, long now, out bool atLeast)
    {
        atLeast = false;
        return _ends.TryGetValue(partition, out var history) ? history.AgeOf(offset, now, out atLeast) : 0;
    }

    private void Remember(long at, TopicReading reading)
    {
        _total.Add(at, reading.EndOffset);
        foreach (var partition in reading.Partitions)
        {
            if (!_ends.TryGetValue(partition.Partition, out var history))
                _ends.Add(partition.Partition, history = new OffsetHistory());
            history.Add(at, partition.End);
        }
    }
}

/// <summary>A consumer group over the last minutes.</summary>
internal sealed class GroupPulse
{
    private long _at;

    public GroupReading Reading { get; private set; } = new("", "", 0, []);

    public SeriesRing Lag { get; } = new();

    public SeriesRing PerSecond { get; } = new();

    public SeriesRing Behind { get; } = new();

    /// <summary>How old the oldest record is that the group has yet to take, in milliseconds.</summary>
    public long BehindMilliseconds { get; private set; }

    /// <summary>The partition and offset of a record that is older than the looks reach back; null where there is none.</summary>
    public (int Partition, long Offset)? Unknown { get; private set; }

    public void Look(long at, GroupReading reading, TopicPulse? topic)
    {
        if (at <= _at)
            return;
        if (_at > 0)
            PerSecond.Set(at / 1000, Math.Max(0, reading.Committed - Reading.Committed) * 1000.0 / (at - _at));
        (Reading, _at) = (reading, at);
        BehindMilliseconds = 0;
        Unknown = null;
        foreach (var place in reading.Partitions)
        {
            if (place.Lag == 0 || topic is null)
                continue;
            var age = topic.AgeOf(place.Partition, place.Committed, at, out var atLeast);
            if (atLeast && (Unknown is null || age >= BehindMilliseconds))
                Unknown = (place.Partition, place.Committed);
            BehindMilliseconds = Math.Max(BehindMilliseconds, age);
        }

        Lag.Set(at / 1000, reading.Lag);
        Behind.Set(at / 1000, BehindMilliseconds / 1000.0);
    }

    /// <summary>The age of the record that was not known was read.</summary>
    public void Learn(long milliseconds)
    {
        BehindMilliseconds = Math.Max(BehindMilliseconds, milliseconds);
        Behind.Set(_at / 1000, BehindMilliseconds / 1000.0);
    }
}
