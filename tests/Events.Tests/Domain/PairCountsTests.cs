using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Pipeline.Events.Domain;

namespace Pipeline.Events.Tests.Domain;

public class PairCountsTests
{
    [Fact]
    public void Of_EmptyBatch_HasNoPairs()
    {
        using var batch = new EventBatch(0, 0);
        using var pairs = PairCounts.Of(batch);

        Assert.Equal(0, pairs.Count);
        Assert.Equal(0, pairs.RowOrder.Length);
    }

    [Fact]
    public void Of_PairsThatJoinToTheSameText_AreTwo()
    {
        using var batch = Batch([("ab", "c"), ("a", "bc"), ("ab", "c")]);
        using var pairs = PairCounts.Of(batch);

        Assert.Equal([("a", "bc", 1L), ("ab", "c", 2L)], Pairs(pairs));
    }

    [Fact]
    public void Of_AnyBatch_CountsAndOrdersAsANaiveGroupingDoes() =>
        Prop.ForAll(Rows.ToArbitrary(), rows =>
        {
            using var batch = Batch(rows);
            using var pairs = PairCounts.Of(batch);
            var expected = rows.GroupBy(r => r).OrderBy(g => g.Key.User, StringComparer.Ordinal).ThenBy(g => g.Key.Name, StringComparer.Ordinal)
                .Select(g => (g.Key.User, g.Key.Name, (long)g.Count()));
            var order = rows.Select((r, i) => (r.User, r.Name, Index: i))
                .OrderBy(r => r.User, StringComparer.Ordinal).ThenBy(r => r.Name, StringComparer.Ordinal).ThenBy(r => r.Index).Select(r => r.Index);
            return Pairs(pairs).SequenceEqual(expected) && pairs.RowOrder.ToArray().SequenceEqual(order);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    [Fact]
    public void Cover_RangesOfAPartition_AreJoinedWhereTheyMeet()
    {
        using var batch = new EventBatch(0, 0);

        batch.Cover(new PartitionRange(1, 10, 20));
        batch.Cover(new PartitionRange(2, 0, 5));
        batch.Cover(new PartitionRange(1, 20, 25));

        Assert.Equal([new PartitionRange(1, 10, 25), new PartitionRange(2, 0, 5)], batch.Ranges);
        Assert.Throws<ArgumentException>(() => batch.Cover(new PartitionRange(1, 30, 35)));
    }

    private static Gen<(string User, string Name)[]> Rows { get; } =
        (from user in Gen.Choose(0, 30)
         from name in Gen.Elements("", "PageVisited", "AddedBasket", "7")
         select ($"user-{user}", name)).ArrayOf();

    private static EventBatch Batch((string User, string Name)[] rows)
    {
        var batch = new EventBatch(1, 1);
        for (var i = 0; i < rows.Length; i++)
            batch.Add(0, i, i, Encoding.UTF8.GetBytes(rows[i].User), Encoding.UTF8.GetBytes(rows[i].Name), "s"u8, "{}"u8);
        return batch;
    }

    private static List<(string, string, long)> Pairs(PairCounts pairs)
    {
        var all = new List<(string, string, long)>();
        for (var i = 0; i < pairs.Count; i++)
            all.Add((Encoding.UTF8.GetString(pairs.UserId(i)), Encoding.UTF8.GetString(pairs.EventName(i)), pairs.Events(i)));
        return all;
    }
}
