namespace Pipeline.Observability.Domain;

/// <summary>When a partition's end passed which offset, over the last minutes: tells how old a record is without reading it.</summary>
internal sealed class OffsetHistory
{
    private const int Capacity = SeriesRing.Seconds;

    private readonly (long At, long End)[] _looks = new (long At, long End)[Capacity];
    private long _count;

    /// <summary>How much the end grew since a time, as far as the looks reach back.</summary>
    public long GrowthSince(long since)
    {
        if (_count == 0)
            return 0;
        var first = _count - 1;
        while (first > Math.Max(0, _count - Capacity) && Look(first - 1).At >= since)
            first--;
        return Look(_count - 1).End - Look(first).End;
    }

    /// <summary>Notes an end offset. A log that was made anew begins a new history.</summary>
    /// <param name="at">When, in milliseconds of any clock that goes forward.</param>
    /// <param name="end">The offset that the next record gets.</param>
    public void Add(long at, long end)
    {
        if (_count > 0 && end < Look(_count - 1).End)
            _count = 0;
        _looks[_count++ % Capacity] = (at, end);
    }

    /// <summary>
    /// How many milliseconds ago the record at an offset was appended: 0 where there is none yet. Where it was there before the first look, the time since that look, and
    /// <paramref name="atLeast"/> says so.
    /// </summary>
    public long AgeOf(long offset, long now, out bool atLeast)
    {
        atLeast = false;
        if (_count == 0 || offset >= Look(_count - 1).End)
            return 0;
        var (low, high) = (Math.Max(0, _count - Capacity), _count - 1);
        if (Look(low).End > offset)
        {
            atLeast = true;
            return now - Look(low).At;
        }

        // The last look at which the record was not there yet; it came between that one and the next.
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (Look(middle).End <= offset)
                low = middle;
            else
                high = middle - 1;
        }

        var (before, after) = (Look(low), Look(low + 1));
        var share = (double)(offset - before.End) / (after.End - before.End);
        return Math.Max(0, now - before.At - (long)(share * (after.At - before.At)));
    }

    private (long At, long End) Look(long index) => _looks[index % Capacity];
}
