namespace Pipeline.Observability.Domain;

/// <summary>Counts of values by size, and what can be told of them.</summary>
internal static class Buckets
{
    /// <summary>Upper bounds for durations, in seconds.</summary>
    public static readonly double[] Seconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

    /// <summary>Upper bounds for sizes, in bytes.</summary>
    public static readonly double[] Bytes = [1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20, 64 << 20, 256 << 20, 1 << 30];

    /// <summary>Upper bounds for numbers of things.</summary>
    public static readonly double[] Counts = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 100_000, 1_000_000];

    /// <summary>The bounds for a measurement's unit.</summary>
    public static double[] For(string? unit) => unit switch
    {
        "s" => Seconds,
        "By" => Bytes,
        _ => Counts,
    };

    /// <summary>The place of a value: the first bound that it does not exceed, or behind the last.</summary>
    public static int IndexOf(double[] bounds, double value)
    {
        var index = 0;
        while (index < bounds.Length && !(value <= bounds[index]))
            index++;
        return index;
    }

    /// <summary>
    /// The value below which a part of all values lies, interpolated within its bucket as Prometheus' histogram_quantile does; null where there are no values. What lies
    /// behind the last bound is told as that bound.
    /// </summary>
    /// <param name="bounds">The upper bounds.</param>
    /// <param name="counts">How many values each bucket has, one more than bounds.</param>
    /// <param name="quantile">The part, from 0 to 1.</param>
    public static double? Quantile(double[] bounds, ReadOnlySpan<long> counts, double quantile)
    {
        var total = 0L;
        foreach (var count in counts)
            total += count;
        if (total == 0)
            return null;
        var rank = quantile * total;
        var below = 0L;
        for (var i = 0; i < bounds.Length; i++)
        {
            if (below + counts[i] >= rank && counts[i] > 0)
            {
                var from = i == 0 ? 0 : bounds[i - 1];
                return from + ((bounds[i] - from) * Math.Clamp((rank - below) / counts[i], 0, 1));
            }

            below += counts[i];
        }

        return bounds[^1];
    }
}
