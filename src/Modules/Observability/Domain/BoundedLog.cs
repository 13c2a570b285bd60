namespace Pipeline.Observability.Domain;

/// <summary>Keeps the newest items, bounded by their number and by their bytes; the oldest make room for new ones.</summary>
internal sealed class BoundedLog<T>(int maxItems, long maxBytes)
    where T : class
{
    private readonly Lock _lock = new();
    private readonly Queue<(T Item, int Bytes)> _items = new();
    private long _bytes;

    /// <summary>How many there are.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _items.Count;
        }
    }

    /// <summary>The bytes that they take, as estimated.</summary>
    public long Bytes
    {
        get
        {
            lock (_lock)
                return _bytes;
        }
    }

    /// <summary>Adds an item. One that alone is larger than all may be is left out.</summary>
    public void Add(T item, int bytes)
    {
        if (bytes > maxBytes)
            return;
        lock (_lock)
        {
            _items.Enqueue((item, bytes));
            _bytes += bytes;
            while (_bytes > maxBytes || _items.Count > maxItems)
                _bytes -= _items.Dequeue().Bytes;
        }
    }

    /// <summary>What there is, the oldest first.</summary>
    public T[] ToArray()
    {
        lock (_lock)
        {
            var items = new T[_items.Count];
            var i = 0;
            foreach (var (item, _) in _items)
                items[i++] = item;
            return items;
        }
    }
}
