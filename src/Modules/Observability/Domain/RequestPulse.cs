namespace Pipeline.Observability.Domain;

/// <summary>Requests over the last minutes, from counts that only grow. Not thread-safe.</summary>
internal sealed class RequestPulse
{
    /// <summary>Looks between two counts that are kept for the routes.</summary>
    private const int KeepEvery = 10;

    /// <summary>Routes are told of the last so many kept counts: a minute.</summary>
    private const int Kept = 7;

    private readonly Queue<(long At, Dictionary<RequestKey, long[]> Counts)> _past = new();
    private long[] _last = [];
    private long _lastErrors;
    private long _at;
    private int _looks;

    public SeriesRing PerSecond { get; } = new();

    public SeriesRing ErrorsPerSecond { get; } = new();

    /// <summary>The median, in milliseconds.</summary>
    public SeriesRing Median { get; } = new();

    /// <summary>The 99th percentile, in milliseconds.</summary>
    public SeriesRing P99 { get; } = new();

    /// <summary>The median of late, in milliseconds; null where there were no requests.</summary>
    public double? MedianOfLate { get; private set; }

    /// <summary>The 99th percentile of late, in milliseconds.</summary>
    public double? P99OfLate { get; private set; }

    /// <summary>Takes a look in.</summary>
    /// <param name="at">When, in milliseconds since 1970 by a clock that goes forward.</param>
    /// <param name="bounds">The bounds of the buckets, in seconds.</param>
    /// <param name="counts">How many requests each bucket has, by kind of request.</param>
    public void Look(long at, double[] bounds, IReadOnlyList<(RequestKey Key, long[] Counts)> counts)
    {
        if (at <= _at)
            return;
        var total = new long[bounds.Length + 1];
        var errors = 0L;
        foreach (var (key, buckets) in counts)
        {
            var sum = 0L;
            for (var i = 0; i < buckets.Length; i++)
            {
                total[i] += buckets[i];
                sum += buckets[i];
            }

            if (key.IsError)
                errors += sum;
        }

        if (_at > 0)
            Tell(at, bounds, total, errors);
        if (_looks++ % KeepEvery == 0)
        {
            _past.Enqueue((at, counts.ToDictionary(c => c.Key, c => c.Counts)));
            while (_past.Count > Kept)
                _past.Dequeue();
        }

        (_last, _lastErrors, _at) = (total, errors, at);
    }

    /// <summary>Requests by method and route over the last minute, the busiest first.</summary>
    public IReadOnlyList<RoutePulse> Routes(long at, double[] bounds, IReadOnlyList<(RequestKey Key, long[] Counts)> counts)
    {
        if (_past.Count == 0 || at <= _past.Peek().At)
            return [];
        var (since, before) = _past.Peek();
        var seconds = (at - since) / 1000.0;
        var routes = new List<RoutePulse>();
        foreach (var route in counts.GroupBy(c => (c.Key.Method, c.Key.Route)))
        {
            var all = new long[bounds.Length + 1];
            var errors = 0L;
            foreach (var (key, buckets) in route)
            {
                var old = before.GetValueOrDefault(key);
                for (var i = 0; i < buckets.Length; i++)
                {
                    var added = buckets[i] - (old?[i] ?? 0);
                    all[i] += added;
                    errors += key.IsError ? added : 0;
                }
            }

            if (all.Sum() is var sum and > 0)
                routes.Add(new RoutePulse(route.Key.Method, route.Key.Route, sum / seconds, errors / seconds, Milliseconds(bounds, all, 0.5), Milliseconds(bounds, all, 0.99)));
        }

        return [.. routes.OrderByDescending(r => r.PerSecond)];
    }

    private void Tell(long at, double[] bounds, long[] total, long errors)
    {
        var added = new long[total.Length];
        for (var i = 0; i < total.Length; i++)
            added[i] = total[i] - (i < _last.Length ? _last[i] : 0);
        var (second, seconds) = (at / 1000, (at - _at) / 1000.0);
        PerSecond.Set(second, added.Sum() / seconds);
        ErrorsPerSecond.Set(second, (errors - _lastErrors) / seconds);
        MedianOfLate = Milliseconds(bounds, added, 0.5);
        P99OfLate = Milliseconds(bounds, added, 0.99);
        Median.Set(second, MedianOfLate ?? double.NaN);
        P99.Set(second, P99OfLate ?? double.NaN);
    }

    private static double? Milliseconds(double[] bounds, long[] counts, double quantile) => Buckets.Quantile(bounds, counts, quantile) * 1000;
}

/// <summary>A kind of request.</summary>
internal readonly record struct RequestKey(string Method, string Route, int Status)
{
    public bool IsError => Status >= 500;
}

/// <summary>Requests to a route over the last minute.</summary>
internal sealed record RoutePulse(string Method, string Route, double PerSecond, double ErrorsPerSecond, double? P50Milliseconds, double? P99Milliseconds);
