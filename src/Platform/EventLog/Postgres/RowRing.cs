namespace Pipeline.EventLog.Postgres;

/// <summary>Rows of one partition without a gap between them, in a ring that grows.</summary>
internal sealed class RowRing
{
    private (Row Row, long LastOffset)[] _items = [];
    private int _head;

    public int Count { get; private set; }

    /// <summary>The offset of the first record.</summary>
    public long From { get; private set; }

    /// <summary>The offset after the last record.</summary>
    public long To { get; private set; }

    public Row this[int index] => _items[(_head + index) & (_items.Length - 1)].Row;

    /// <summary>The offset of the last record of a row.</summary>
    public long LastOffset(int index) => _items[(_head + index) & (_items.Length - 1)].LastOffset;

    public void Add(in Row row, long baseOffset)
    {
        if (Count == _items.Length)
            Grow();
        if (Count == 0)
            From = baseOffset;
        To = baseOffset + row.Count;
        _items[(_head + Count++) & (_items.Length - 1)] = (row, To - 1);
    }

    public Row RemoveFirst()
    {
        ref var item = ref _items[_head];
        var row = item.Row;
        From = item.LastOffset + 1;
        item = default;
        _head = (_head + 1) & (_items.Length - 1);
        Count--;
        return row;
    }

    /// <summary>The index of the row that holds the offset, which is between <see cref="From"/> and <see cref="To"/>.</summary>
    public int Find(long offset)
    {
        int low = 0, high = Count - 1;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (LastOffset(middle) < offset)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }

    private void Grow()
    {
        var items = new (Row, long)[Math.Max(16, _items.Length * 2)];
        for (var i = 0; i < Count; i++)
            items[i] = _items[(_head + i) & (_items.Length - 1)];
        _items = items;
        _head = 0;
    }
}
