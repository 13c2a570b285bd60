namespace Pipeline.Workers.Generator;

/// <summary>
/// Draws ranks 0..count-1 by Zipf's law: rank r has weight 1 / (r + 1)^exponent, so few ranks are drawn often and most seldom.
/// Inverse transform over the cumulative weights: 8 bytes a rank, O(log count) a draw.
/// </summary>
internal sealed class ZipfSampler
{
    private readonly double[] _cumulative;

    public ZipfSampler(int count, double exponent)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(exponent);
        _cumulative = new double[count];
        var sum = 0.0;
        for (var rank = 0; rank < count; rank++)
            _cumulative[rank] = sum += Math.Pow(rank + 1, -exponent);
    }

    public int Count => _cumulative.Length;

    /// <summary>The rank at a quantile in [0, 1).</summary>
    public int Rank(double quantile)
    {
        var index = Array.BinarySearch(_cumulative, quantile * _cumulative[^1]);
        return Math.Min(index >= 0 ? index + 1 : ~index, _cumulative.Length - 1);
    }
}
