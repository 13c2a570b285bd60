namespace Pipeline.Observability.Domain;

/// <summary>
/// Lets so many a second through, evenly spread with bursts of up to a second's worth. Asked on hot paths: a refusal is one read and one comparison.
/// </summary>
/// <param name="perSecond">How many a second; 0 lets none through.</param>
/// <param name="frequency">The clock's units in a second.</param>
internal sealed class RateLimit(double perSecond, long frequency)
{
    private readonly long _interval = perSecond <= 0 ? 0 : Math.Max(1, (long)(frequency / perSecond));
    private readonly long _burst = perSecond <= 0 ? 0 : Math.Max(frequency, (long)(frequency / perSecond));

    /// <summary>When the place after the last one taken would come, were they taken evenly.</summary>
    private long _next = long.MinValue / 2;

    /// <summary>Takes a place; false where there is none now.</summary>
    public bool TryTake(long now)
    {
        if (_interval == 0)
            return false;
        while (true)
        {
            var next = Volatile.Read(ref _next);
            if (next > now)
                return false;

            // A pause earns places for a burst, not more.
            var taken = Math.Max(next, now - _burst + _interval) + _interval;
            if (Interlocked.CompareExchange(ref _next, taken, next) == next)
                return true;
        }
    }
}
