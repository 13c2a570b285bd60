using System.Globalization;

namespace Pipeline.Observability.Domain;

/// <summary>What kind of values a measurement has.</summary>
internal enum MeasurementKind
{
    /// <summary>Counts on: what is measured is added.</summary>
    Counter,

    /// <summary>A value that goes up and down: what is measured is added.</summary>
    UpDown,

    /// <summary>A value as it is: what is measured replaces it.</summary>
    Gauge,

    /// <summary>A counter that is told as it is.</summary>
    Total,

    /// <summary>The sizes of values.</summary>
    Histogram,
}

/// <summary>A measurement: its series by labels, at most so many.</summary>
/// <param name="name">The measurement's name, as the meter has it.</param>
/// <param name="unit">Its unit.</param>
/// <param name="description">What it is.</param>
/// <param name="kind">What kind of values it has.</param>
/// <param name="maxSeries">How many series are kept.</param>
/// <param name="labels">The labels that make series; null means all.</param>
/// <param name="observed">Whether its values are told when they are asked for, all of them each time.</param>
internal sealed class Measurement(
    string name, string? unit, string? description, MeasurementKind kind, int maxSeries, string[]? labels = null, bool observed = false)
{
    private const int MaxLabelText = 128;
    private const int FirstSlots = 8;

    private readonly Lock _lock = new();

    /// <summary>The series by the hash of their labels: replaced as a whole when it grows, so that readers need no lock.</summary>
    private Series?[] _slots = new Series?[FirstSlots];
    private int _count;
    private long _dropped;

    public string Name { get; } = name;

    public MeasurementKind Kind { get; } = kind;

    public string? Unit { get; } = unit;

    public double[] Bounds { get; } = kind == MeasurementKind.Histogram ? Buckets.For(unit) : [];

    /// <summary>Values that were left out since there are as many series as may be.</summary>
    public long Dropped => Volatile.Read(ref _dropped);

    private bool IsAbsolute => Kind is MeasurementKind.Gauge or MeasurementKind.Total;

    /// <summary>Takes a value. On hot paths: no allocation for labels that are known.</summary>
    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var hash = Hash(tags);
        if ((Find(Volatile.Read(ref _slots), hash, tags) ?? Add(hash, tags)) is not { } series)
            Interlocked.Increment(ref _dropped);
        else if (Kind == MeasurementKind.Histogram)
            series.Observe(Buckets.IndexOf(Bounds, value), value);
        else if (IsAbsolute)
            series.Set(value);
        else
            series.Add(value);
    }

    /// <summary>Forgets values that are told anew with each look: what is not told any more is gone.</summary>
    public void BeginLook()
    {
        if (!observed)
            return;
        foreach (var series in AllSeries())
            series.Forget();
    }

    /// <summary>The series that have values.</summary>
    public IEnumerable<Series> AllSeries()
    {
        foreach (var first in Volatile.Read(ref _slots))
        {
            for (var series = first; series is not null; series = series.Next)
            {
                if (series.HasValue)
                    yield return series;
            }
        }
    }

    /// <summary>The measurement as Prometheus knows it.</summary>
    public MetricFamily ToFamily()
    {
        var counter = Kind is MeasurementKind.Counter or MeasurementKind.Total;
        var samples = new List<MetricSample>();
        foreach (var series in AllSeries().OrderBy(s => s.Order))
        {
            var own = series.Labels.Select(l => KeyValuePair.Create(PrometheusText.LabelName(l.Key), l.Value)).ToArray();
            if (Kind == MeasurementKind.Histogram)
                AddHistogram(samples, own, series);
            else
                samples.Add(new MetricSample("", own, series.Value));
        }

        var type = Kind == MeasurementKind.Histogram ? "histogram" : counter ? "counter" : "gauge";
        return new MetricFamily(PrometheusText.MetricName(Name, Unit, counter), type, description ?? Name, samples);
    }

    private void AddHistogram(List<MetricSample> samples, KeyValuePair<string, string>[] own, Series series)
    {
        var counts = series.Counts();
        var below = 0L;
        for (var i = 0; i < counts.Length; i++)
        {
            below += counts[i];
            var bound = PrometheusText.Number(i < Bounds.Length ? Bounds[i] : double.PositiveInfinity);
            samples.Add(new MetricSample("_bucket", [.. own, KeyValuePair.Create("le", bound)], below));
        }

        samples.Add(new MetricSample("_sum", own, series.Value));
        samples.Add(new MetricSample("_count", own, below));
    }

    private bool IsLabel(string tag) => labels is null || Array.IndexOf(labels, tag) >= 0;

    private int Hash(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var hash = 17;
        foreach (ref readonly var tag in tags)
        {
            if (tag.Value is not null && IsLabel(tag.Key))
                hash = (hash * 31) + tag.Value.GetHashCode();
        }

        return hash & int.MaxValue;
    }

    private Series? Find(Series?[] slots, int hash, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        for (var series = slots[hash % slots.Length]; series is not null; series = series.Next)
        {
            if (series.Hash == hash && Matches(series, tags))
                return series;
        }

        return null;
    }

    private bool Matches(Series series, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var at = 0;
        foreach (ref readonly var tag in tags)
        {
            if (tag.Value is null || !IsLabel(tag.Key))
                continue;
            if (at == series.Tags.Length || series.Tags[at].Key != tag.Key || !tag.Value.Equals(series.Tags[at].Value))
                return false;
            at++;
        }

        return at == series.Tags.Length;
    }

    private Series? Add(int hash, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        lock (_lock)
        {
            if (Find(_slots, hash, tags) is { } known)
                return known;
            if (_count == maxSeries)
                return null;
            var own = new List<KeyValuePair<string, object>>();
            foreach (ref readonly var tag in tags)
            {
                if (tag.Value is not null && IsLabel(tag.Key))
                    own.Add(new(tag.Key, tag.Value));
            }

            var series = new Series(hash, _count, [.. own], [.. own.Select(t => KeyValuePair.Create(t.Key, Text(t.Value)))], Bounds.Length + 1);
            if (++_count > _slots.Length)
                Grow();
            series.Next = _slots[hash % _slots.Length];
            Volatile.Write(ref _slots[hash % _slots.Length], series);
            return series;
        }
    }

    // Readers of the old slots may miss what moves meanwhile; they look again under the lock before they add.
    private void Grow()
    {
        var slots = new Series?[_slots.Length * 4];
        foreach (var first in _slots)
        {
            for (var series = first; series is not null;)
            {
                var next = series.Next;
                series.Next = slots[series.Hash % slots.Length];
                slots[series.Hash % slots.Length] = series;
                series = next;
            }
        }

        Volatile.Write(ref _slots, slots);
    }

    private static string Text(object value)
    {
        var text = value is bool truth ? (truth ? "true" : "false") : Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
        return text.Length <= MaxLabelText ? text : text[..MaxLabelText];
    }
}

/// <summary>The values of a measurement with certain labels.</summary>
internal sealed class Series(int hash, int order, KeyValuePair<string, object>[] tags, KeyValuePair<string, string>[] labels, int buckets)
{
    private readonly long[] _counts = buckets > 1 ? new long[buckets] : [];
    private long _bits;
    private int _hasValue;

    public int Hash { get; } = hash;

    /// <summary>Which one it is of the measurement, by age.</summary>
    public int Order { get; } = order;

    public KeyValuePair<string, object>[] Tags { get; } = tags;

    public KeyValuePair<string, string>[] Labels { get; } = labels;

    /// <summary>The next series in the same slot.</summary>
    public Series? Next { get; set; }

    public bool HasValue => Volatile.Read(ref _hasValue) != 0;

    /// <summary>The value; of a histogram, the sum of all values.</summary>
    public double Value => BitConverter.Int64BitsToDouble(Volatile.Read(ref _bits));

    /// <summary>How many values each bucket has.</summary>
    public long[] Counts()
    {
        var counts = new long[_counts.Length];
        for (var i = 0; i < counts.Length; i++)
            counts[i] = Volatile.Read(ref _counts[i]);
        return counts;
    }

    public void Observe(int bucket, double value)
    {
        Interlocked.Increment(ref _counts[bucket]);
        Add(value);
    }

    public void Add(double value)
    {
        while (true)
        {
            var bits = Volatile.Read(ref _bits);
            var sum = BitConverter.DoubleToInt64Bits(BitConverter.Int64BitsToDouble(bits) + value);
            if (Interlocked.CompareExchange(ref _bits, sum, bits) == bits)
                break;
        }

        Volatile.Write(ref _hasValue, 1);
    }

    public void Set(double value)
    {
        Volatile.Write(ref _bits, BitConverter.DoubleToInt64Bits(value));
        Volatile.Write(ref _hasValue, 1);
    }

    public void Forget() => Volatile.Write(ref _hasValue, 0);
}
