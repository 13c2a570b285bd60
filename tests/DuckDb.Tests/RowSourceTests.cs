using System.Globalization;
using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Pipeline.DuckDb.Tests;

/// <summary>Rows that code makes, read by SQL.</summary>
public sealed class RowSourceTests
{
    private static readonly (string, string)[] _columns =
    [
        ("id", "BIGINT"), ("name", "VARCHAR"), ("price", "DECIMAL(18,4)"), ("at", "TIMESTAMP WITH TIME ZONE"),
        ("items", "STRUCT(k VARCHAR, n INTEGER)[]"), ("day", "DATE"),
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void Expose_ManyRowsOnSeveralThreads_EachIsReadOnce(int threads)
    {
        const int count = 100_000;
        using var database = DuckDatabase.Open(new DuckOptions { Threads = threads });
        using var connection = database.Connect();
        using var table = connection.Expose(new Orders(Enumerable.Range(0, count).Select(i => new Order(i, $"name {i}", i % 7)), threads));
        using var result = connection.Query(
            $"SELECT count(*), count(DISTINCT id), sum(price), sum(len(items)), sum(list_sum(list_transform(items, lambda i: i.n))) FROM {table.Sql}");
        Assert.True(result.ReadChunk(out var chunk));
        Assert.Equal(count, chunk.Column(0).GetInt64(0));
        Assert.Equal(count, chunk.Column(1).GetInt64(0));
        Assert.Equal(Enumerable.Range(0, count).Sum(i => i / 10_000m), chunk.Column(2).GetDecimal(0));
        Assert.Equal(Enumerable.Range(0, count).Sum(i => i % 7), chunk.Column(3).GetInt64(0));
        Assert.Equal(Enumerable.Range(0, count).Sum(i => (long)Enumerable.Range(0, i % 7).Sum(n => i + n)), chunk.Column(4).GetInt64(0));
    }

    [Fact]
    public void Expose_AnyRows_AreReadAsTheyWereWritten() => Prop.ForAll(
        ArbMap.Default.ArbFor<(int, string?, byte)[]>(),
        rows =>
        {
            var orders = rows.Select(r => new Order(r.Item1, r.Item2?.Replace('\0', ' '), r.Item3)).ToList();
            using var database = DuckDatabase.Open();
            using var connection = database.Connect();
            using var table = connection.Expose(new Orders(orders, 1));
            using var result = connection.Query($"FROM {table.Sql}");
            var read = new List<string>();
            while (result.ReadChunk(out var chunk))
            {
                for (var row = 0; row < chunk.RowCount; row++)
                {
                    var items = chunk.Column("items");
                    var (first, length) = items.GetListRange(row);
                    var text = new StringBuilder();
                    for (var i = first; i < first + length; i++)
                    {
                        var element = items.Child();
                        text.Append(element.Field("k").IsNull(i) ? "-" : element.Field("k").GetString(i)).Append(element.Field("n").GetInt32(i)).Append('|');
                    }

                    read.Add(Line(
                        chunk.Column("id").GetInt64(row), chunk.Column("name").IsNull(row) ? null : chunk.Column("name").GetString(row),
                        chunk.Column("price").GetDecimal(row), chunk.Column("at").GetTimestamp(row), text.ToString(), chunk.Column("day").GetDate(row)));
                }
            }

            Assert.Equal(orders.Select(o => o.Expected()), read);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(50));

    [Fact]
    public void Expose_OneLongList_GetsTheRoomThatItNeeds()
    {
        using var database = DuckDatabase.Open();
        using var connection = database.Connect();
        using var table = connection.Expose(new Orders([new Order(1, "a", 3), new Order(2, "b", 70_000), new Order(3, "c", 2)], 1));
        Assert.Equal(70_005, connection.QueryInt64($"SELECT sum(len(items)) FROM {table.Sql}"));
        Assert.Equal("k1+2", connection.QueryString($"SELECT items[2].k || '+' || items[2].n FROM {table.Sql} WHERE id = 1"));
        Assert.Equal("k69999", connection.QueryString($"SELECT items[70000].k FROM {table.Sql} WHERE id = 2"));
    }

    [Fact]
    public void Expose_NamedTwiceInAQuery_IsScannedTwice()
    {
        using var database = DuckDatabase.Open();
        using var connection = database.Connect();
        using var table = connection.Expose(new Orders(Enumerable.Range(0, 3_000).Select(i => new Order(i, "x", 1)), 2));
        Assert.Equal(3_000, connection.QueryInt64($"SELECT count(*) FROM {table.Sql} a JOIN {table.Sql} b USING (id)"));
    }

    [Fact]
    public void Read_Fails_TheQueryFailsWithTheReasonAndTheConnectionGoesOn()
    {
        using var database = DuckDatabase.Open();
        using var connection = database.Connect();
        using var table = connection.Expose(new Orders([new Order(-1, "x", 0)], 1) { Fault = "no such place" });
        var error = Assert.Throws<DuckException>(() => connection.Execute($"FROM {table.Sql}"));
        Assert.Contains("no such place", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, connection.QueryInt64("SELECT 1"));
    }

    [Fact]
    public void Sql_AfterTheTableIsDisposed_IsRefused()
    {
        using var database = DuckDatabase.Open();
        using var connection = database.Connect();
        var table = connection.Expose(new Orders([], 1));
        Assert.Equal(0, connection.QueryInt64($"SELECT count(*) FROM {table.Sql}"));
        table.Dispose();
        table.Dispose();
        Assert.Contains("no longer", Assert.Throws<DuckException>(() => connection.Execute($"FROM {table.Sql}")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sql_OnAnotherConnection_IsTheSameTable()
    {
        using var database = DuckDatabase.Open();
        using var connection = database.Connect();
        using var other = database.Connect();
        using var table = connection.Expose(new Orders([new Order(5, "x", 0)], 1));
        using var again = other.Expose(new Orders([new Order(6, "x", 0)], 1));
        Assert.Equal(11, other.QueryInt64($"SELECT (SELECT id FROM {table.Sql}) + (SELECT id FROM {again.Sql})"));
    }

    [Fact]
    public void Expose_WrongOrUnwritableType_IsRefused()
    {
        using var database = DuckDatabase.Open();
        using var connection = database.Connect();
        Assert.Throws<DuckException>(() => connection.Expose(new Orders([], 1) { Columns = [("a", "NOTHING")] }));
        using var table = connection.Expose(new Orders([new Order(1, "x", 0)], 1) { Columns = [("a", "MAP(INTEGER, INTEGER)")] });
        Assert.Throws<DuckException>(() => connection.Execute($"FROM {table.Sql}"));
    }

    [Fact]
    public void Set_WrongWidthOrRow_IsRefused()
    {
        using var database = DuckDatabase.Open();
        using var connection = database.Connect();
        foreach (var wrong in (Action<DuckRowWriter>[])
            [w => w[0].Set(0, 1), w => w[0].SetText(0, "x"u8), w => w[1].Set(0, 1L), w => w[0].Set(DuckRowWriter.Capacity, 1L), w => w[1].SetList(0, 1), w => w[0].SetNull(-1)])
        {
            using var table = connection.Expose(new Orders([new Order(1, "x", 0)], 1) { Write = wrong });
            Assert.Throws<DuckException>(() => connection.Execute($"FROM {table.Sql}"));
        }
    }

    private static string Line(long id, string? name, decimal price, DateTimeOffset at, string items, DateOnly day) =>
        string.Create(CultureInfo.InvariantCulture, $"{id} {name ?? "NULL"} {price} {at:O} {items} {day:O}");

    private sealed record Order(int Id, string? Name, int Items)
    {
        public string Expected() => Line(
            Id, Name, Id / 10_000m + 0.0000m, DateTimeOffset.UnixEpoch.AddSeconds(Id),
            string.Concat(Enumerable.Range(0, Items).Select(i => i % 3 == 2 ? $"-{Id + i}|" : $"k{i}{Id + i}|")),
            DateOnly.FromDateTime(DateTime.UnixEpoch).AddDays(Id % 10_000));
    }

    private sealed class Orders(IEnumerable<Order> orders, int threads) : IDuckRowSource
    {
        private readonly Order[] _orders = [.. orders];

        private int Threads => threads;

        public string? Fault { get; init; }

        public Action<DuckRowWriter>? Write { get; init; }

        public IReadOnlyList<(string Name, string Type)> Columns { get; init; } = _columns;

        public IDuckRowScan BeginScan() => new Scan(this);

        private sealed class Scan(Orders source) : IDuckRowScan
        {
            private int _next;

            public int MaxThreads => source.Threads;

            public IDuckRowReader OpenReader() => new Reader(source, this);

            public int Claim(int count) => Interlocked.Add(ref _next, count) - count;
        }

        private sealed class Reader(Orders source, Scan scan) : IDuckRowReader
        {
            public int Read(DuckRowWriter rows)
            {
                if (source.Fault is { } fault)
                    throw new InvalidOperationException(fault);
                source.Write?.Invoke(rows);
                const int portion = 700;
                var first = scan.Claim(portion);
                var count = Math.Clamp(source._orders.Length - first, 0, portion);
                for (var i = 0; i < count; i++)
                    WriteRow(rows, i, source._orders[first + i]);
                return count;
            }

            private static void WriteRow(DuckRowWriter rows, int row, Order order)
            {
                rows[0].Set(row, (long)order.Id);
                if (order.Name is null)
                    rows[1].SetNull(row);
                else
                    rows[1].SetText(row, Encoding.UTF8.GetBytes(order.Name));
                rows[2].Set(row, (long)order.Id);
                rows[3].Set(row, order.Id * 1_000_000L);
                var first = rows[4].SetList(row, order.Items);
                var items = rows[4].Child();
                for (var n = 0; n < order.Items; n++)
                {
                    if (n % 3 == 2)
                        items.Child(0).SetNull(first + n);
                    else
                        items.Child(0).SetText(first + n, Encoding.UTF8.GetBytes($"k{n}"));
                    items.Child(1).Set(first + n, order.Id + n);
                }

                rows[5].Set(row, order.Id % 10_000);
            }
        }
    }
}
