using System.Globalization;

namespace Pipeline.EventLog.Postgres;

/// <summary>Which topics other processes have yet to be told of: the first news goes with its flush, later ones together once an interval is over.</summary>
internal sealed class NotifySchedule(TimeSpan interval, TimeProvider time)
{
    private readonly SortedSet<int> _topics = [];
    private long? _last;

    /// <summary>How long until what is left is to be sent; null where nothing is.</summary>
    public TimeSpan? Remaining => _topics.Count == 0 ? null : Max(TimeSpan.Zero, interval - time.GetElapsedTime(_last ?? 0));

    /// <summary>Adds the topics of a flush. Returns what is to go with it, null where it is too early.</summary>
    public string? Take(Flush flush)
    {
        foreach (var topic in flush.Topics)
            _topics.Add(topic.Topic.Id);
        return _last is { } last && time.GetElapsedTime(last) < interval ? null : TakeAll();
    }

    /// <summary>Takes what is left.</summary>
    public string? TakeAll()
    {
        if (_topics.Count == 0)
            return null;
        var text = string.Join(',', _topics.Select(t => t.ToString(CultureInfo.InvariantCulture)));
        _topics.Clear();
        _last = time.GetTimestamp();
        return text;
    }

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
