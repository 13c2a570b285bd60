namespace Pipeline.Observability.Domain;

/// <summary>How much counts grew over the last minutes, by name. Not thread-safe.</summary>
internal sealed class CountPulse
{
    private readonly Dictionary<string, OffsetHistory> _counts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _last = new(StringComparer.Ordinal);
    private bool _looked;
    private long _at;

    /// <summary>Takes a look in. A count that was not there at an earlier look was 0 then.</summary>
    public void Look(long at, IEnumerable<(string Name, long Count)> counts)
    {
        foreach (var (name, count) in counts)
        {
            if (!_counts.TryGetValue(name, out var history))
            {
                _counts.Add(name, history = new OffsetHistory());
                if (_looked)
                    history.Add(at - 1, 0);
            }

            history.Add(at, count);
            _last[name] = count;
        }

        (_looked, _at) = (true, at);
    }

    /// <summary>The counts and how much they grew, by name.</summary>
    public IEnumerable<(string Name, long Count, long Recent)> All =>
        _last.OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => (c.Key, c.Value, _counts[c.Key].GrowthSince(_at - (SeriesRing.Seconds * 1000L))));
}
