namespace Pipeline.Observability.Domain;

/// <summary>A value a second over the last minutes. What was not looked at in between has the value of the next look, unless that is long after.</summary>
internal sealed class SeriesRing
{
    /// <summary>How many seconds are kept.</summary>
    public const int Seconds = 300;

    /// <summary>Looks further apart than this leave a gap.</summary>
    private const int LongestFill = 15;

    private readonly float[] _values = new float[Seconds];
    private long _last = long.MinValue;

    public SeriesRing() => Array.Fill(_values, float.NaN);

    /// <summary>Sets the value of a second; earlier ones stay.</summary>
    public void Set(long second, double value)
    {
        if (_last != long.MinValue && second > _last)
        {
            var fill = second - _last <= LongestFill ? (float)value : float.NaN;
            for (var s = Math.Max(_last + 1, second - Seconds + 1); s < second; s++)
                _values[s % Seconds] = fill;
        }

        if (second < _last)
            return;
        _values[second % Seconds] = (float)value;
        _last = second;
    }

    /// <summary>The values up to a second, the oldest first; null where there is none.</summary>
    public double?[] ToArray(long second)
    {
        var values = new double?[Seconds];
        for (var i = 0; i < Seconds; i++)
            values[i] = At(second - Seconds + 1 + i);
        return values;
    }

    /// <summary>The average of the values of the last seconds; 0 where there are none.</summary>
    public double Average(long second, int seconds)
    {
        var (sum, count) = (0.0, 0);
        for (var s = second - seconds + 1; s <= second; s++)
        {
            if (At(s) is { } value)
            {
                sum += value;
                count++;
            }
        }

        return count == 0 ? 0 : sum / count;
    }

    private double? At(long second)
    {
        if (_last == long.MinValue || second > _last || second <= _last - Seconds || second < 0)
            return null;
        var value = _values[second % Seconds];
        return float.IsNaN(value) ? null : Math.Round(value, 3);
    }
}
