using System.Buffers;

namespace Pipeline.Events.Domain;

/// <summary>
/// The pairs of user and event name in a batch, each with its number of events, in the order of their bytes; and the rows in that order. Stores write in
/// this order:
/// neighbours then share index pages, and two writers never wait for each other in a circle.
/// </summary>
internal sealed class PairCounts : IDisposable
{
    private readonly EventBatch _batch;
    private readonly int[] _firstRows;
    private readonly long[] _counts;
    private readonly int[] _order;

    private PairCounts(EventBatch batch, int[] firstRows, long[] counts, int[] order, int count)
    {
        _batch = batch;
        _firstRows = firstRows;
        _counts = counts;
        _order = order;
        Count = count;
    }

    /// <summary>How many different pairs there are.</summary>
    public int Count { get; }

    /// <summary>The indexes of the batch's rows, ordered by user and event name, equals in their old order.</summary>
    public ReadOnlyMemory<int> RowOrder => _order.AsMemory(0, _batch.Count);

    /// <summary>The user of a pair.</summary>
    public ReadOnlySpan<byte> UserId(int pair) => _batch.UserId(_batch.Rows[_firstRows[pair]]);

    /// <summary>The event name of a pair.</summary>
    public ReadOnlySpan<byte> EventName(int pair) => _batch.EventName(_batch.Rows[_firstRows[pair]]);

    /// <summary>How many events of the pair are in the batch.</summary>
    public long Events(int pair) => _counts[pair];

    /// <summary>Counts the pairs of a batch. Dispose the result before the batch.</summary>
    public static PairCounts Of(EventBatch batch)
    {
        var rows = batch.Rows;
        var pairOfRow = ArrayPool<int>.Shared.Rent(rows.Length);
        var firstRows = ArrayPool<int>.Shared.Rent(rows.Length);
        var counts = ArrayPool<long>.Shared.Rent(rows.Length);
        var order = ArrayPool<int>.Shared.Rent(rows.Length);
        var pairs = Group(batch, pairOfRow, firstRows, counts);
        Sort(batch, pairOfRow.AsSpan(0, rows.Length), firstRows, counts, pairs, order);
        ArrayPool<int>.Shared.Return(pairOfRow);
        return new PairCounts(batch, firstRows, counts, order, pairs);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        ArrayPool<int>.Shared.Return(_firstRows);
        ArrayPool<long>.Shared.Return(_counts);
        ArrayPool<int>.Shared.Return(_order);
    }

    /// <summary>Numbers the pairs by a hash table with open addressing; the hash is seeded per process, so that no one can choose ids that collide.</summary>
    private static int Group(EventBatch batch, int[] pairOfRow, int[] firstRows, long[] counts)
    {
        var rows = batch.Rows;
        var size = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(rows.Length * 2, 16));
        var slots = ArrayPool<int>.Shared.Rent(size);
        var table = slots.AsSpan(0, size);
        table.Clear();
        var pairs = 0;
        for (var i = 0; i < rows.Length; i++)
        {
            ref readonly var row = ref rows[i];
            var key = batch.PairKey(row);
            var hash = new HashCode();
            hash.AddBytes(key);
            for (var slot = hash.ToHashCode() & (size - 1); ; slot = (slot + 1) & (size - 1))
            {
                // Slots hold the pair's number plus one; 0 is free.
                var pair = table[slot] - 1;
                if (pair < 0)
                {
                    pair = pairs++;
                    table[slot] = pairs;
                    firstRows[pair] = i;
                    counts[pair] = 0;
                }
                else
                {
                    ref readonly var first = ref rows[firstRows[pair]];
                    if (first.UserIdLength != row.UserIdLength || !batch.PairKey(first).SequenceEqual(key))
                        continue;
                }

                counts[pair]++;
                pairOfRow[i] = pair;
                break;
            }
        }

        ArrayPool<int>.Shared.Return(slots);
        return pairs;
    }

    /// <summary>Puts pairs and rows in order: pairs by comparing, rows by counting.</summary>
    private static void Sort(EventBatch batch, ReadOnlySpan<int> pairOfRow, int[] firstRows, long[] counts, int pairs, int[] order)
    {
        var sorted = ArrayPool<int>.Shared.Rent(pairs);
        var places = ArrayPool<int>.Shared.Rent(pairs);
        for (var i = 0; i < pairs; i++)
            sorted[i] = i;
        sorted.AsSpan(0, pairs).Sort(new ByPair(batch, firstRows));

        var place = 0;
        for (var i = 0; i < pairs; i++)
        {
            places[sorted[i]] = place;
            place += (int)counts[sorted[i]];
        }

        for (var i = 0; i < pairOfRow.Length; i++)
            order[places[pairOfRow[i]]++] = i;

        // The rows are in place: walk them to renumber the pairs.
        place = 0;
        for (var i = 0; i < pairs; i++)
        {
            firstRows[i] = order[place];
            var events = places[sorted[i]] - place;
            counts[i] = events;
            place += events;
        }

        ArrayPool<int>.Shared.Return(sorted);
        ArrayPool<int>.Shared.Return(places);
    }

    private readonly struct ByPair(EventBatch batch, int[] firstRows) : IComparer<int>
    {
        public int Compare(int x, int y)
        {
            ref readonly var left = ref batch.Rows[firstRows[x]];
            ref readonly var right = ref batch.Rows[firstRows[y]];
            var byUser = batch.UserId(left).SequenceCompareTo(batch.UserId(right));
            return byUser != 0 ? byUser : batch.EventName(left).SequenceCompareTo(batch.EventName(right));
        }
    }
}
