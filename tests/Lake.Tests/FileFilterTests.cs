using FsCheck;
using FsCheck.Fluent;
using Pipeline.DuckDb;

namespace Pipeline.Lake.Tests;

public sealed class FileFilterTests : IDisposable
{
    private static readonly DeltaSchema _schema = new(
        new DeltaField("part", DeltaType.Integer),
        new DeltaField("n", DeltaType.Decimal(12, 3)),
        new DeltaField("f", DeltaType.Double),
        new DeltaField("s", DeltaType.String),
        new DeltaField("d", DeltaType.Date),
        new DeltaField("t", DeltaType.Timestamp));

    private readonly TempFolder _folder = new();
    private readonly DuckDatabase _database = DuckDatabase.Open(new DuckOptions { Threads = 1 });
    private readonly DuckConnection _connection;

    public FileFilterTests() => _connection = _database.Connect();

    [Fact]
    public async Task Select_AnyConditions_LeavesOutNoFileWithAMatch()
    {
        using var lake = Lakes.Open(new FolderObjectStore(_folder.Path));
        var table = lake.Table("t");
        await table.CreateIfNotExistsAsync(new DeltaTableDefinition { Schema = _schema, PartitionColumns = ["part"] });
        for (var file = 0; file < 12; file++)
        {
            // Long texts with a common start, NaN, nulls, times between milliseconds and before 1970.
            await table.AppendAsync(_connection, $"""
                SELECT CASE WHEN {file} = 11 THEN NULL ELSE {file % 4} END AS part, ((random() * 20 - 10) + {file})::DECIMAL(12, 3) AS n,
                       CASE WHEN {file} = 3 AND i = 0 THEN 'nan'::DOUBLE WHEN {file} = 4 THEN NULL ELSE random() * {file} END AS f,
                       CASE WHEN i % 3 = 0 THEN repeat('ab', {file}) || 'é' || i
                           WHEN i % 3 = 1 THEN repeat('🙂', 31 + i % 2) || i ELSE chr(97 + {file}) END AS s,
                       DATE '1969-12-25' + ({file} + i % 2)::INT AS d, make_timestamptz(({file} - 6) * 1000 + (random() * 3000)::BIGINT) AS t
                FROM range(5) r(i)
                """);
        }

        var snapshot = await table.SnapshotAsync();
        await snapshot.CreateViewAsync(_connection, "everything");
        Prop.ForAll(Conditions().ToArbitrary(), c =>
        {
            var filter = c.Build();
            var files = filter.Select(snapshot);
            var expected = _connection.QueryInt64($"SELECT count(*) FROM everything WHERE {c.Where}");
            snapshot.CreateViewAsync(_connection, "few", filter).AsTask().GetAwaiter().GetResult();
            var actual = _connection.QueryInt64($"SELECT count(*) FROM few WHERE {c.Where}");
            return (actual == expected).Label($"{c.Where}: {actual} of {expected} rows in {files.Count} files");
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(100));
    }

    [Fact]
    public async Task Select_PartitionAndStatistics_LeaveOutFiles()
    {
        using var lake = Lakes.Open(new FolderObjectStore(_folder.Path));
        var table = lake.Table("t");
        await table.CreateIfNotExistsAsync(new DeltaTableDefinition { Schema = _schema, PartitionColumns = ["part"] });
        await table.AppendAsync(
            _connection,
            "SELECT i::INT AS part, i::DECIMAL(12,3) AS n, 'x' || i AS s, TIMESTAMPTZ '2024-01-01 00:00:00+00' + INTERVAL (i) HOUR AS t FROM range(10) r(i)");
        var snapshot = await table.SnapshotAsync();

        Assert.Single(new FileFilter().EqualTo("part", 3).Select(snapshot));
        Assert.Equal(4, new FileFilter().AtLeast("PART", 6).Select(snapshot).Count);
        Assert.Equal(3, new FileFilter().AtMost("n", 2.5m).Select(snapshot).Count);
        Assert.Single(new FileFilter().EqualTo("s", "x4").Select(snapshot));
        Assert.Equal(3, new FileFilter().AtLeast("t", new DateTimeOffset(2024, 1, 1, 7, 0, 0, TimeSpan.Zero)).Select(snapshot).Count);
        Assert.Empty(new FileFilter().AtLeast("part", 5).AtMost("part", 4).Select(snapshot));
        Assert.Empty(await snapshot.RowsAsync(_connection, "*", new FileFilter().EqualTo("part", 99)));
    }

    [Fact]
    public async Task Select_UnknownColumnOrOtherType_IsRefused()
    {
        using var lake = Lakes.Open(new FolderObjectStore(_folder.Path));
        var snapshot = await lake.Table("t").CreateIfNotExistsAsync(new DeltaTableDefinition { Schema = _schema });
        Assert.Throws<TerminalException>(() => new FileFilter().EqualTo("nope", 1).Select(snapshot));
        Assert.Throws<TerminalException>(() => new FileFilter().EqualTo("s", 1).Select(snapshot));
        Assert.Throws<TerminalException>(() => new FileFilter().EqualTo("d", "2024-01-01").Select(snapshot));
    }

    public void Dispose()
    {
        _connection.Dispose();
        _database.Dispose();
        _folder.Dispose();
    }

    private static Gen<Condition> Conditions() => Gen.OneOf(
        from v in Gen.Choose(-1, 5)
        from o in Gen.Elements("=", ">=", "<=")
        select new Condition("part", o, v, $"{v}"),
        from v in Gen.Choose(-12000, 22000)
        from o in Gen.Elements("=", ">=", "<=")
        select new Condition("n", o, v / 1000m, FormattableString.Invariant($"{v / 1000m}")),
        from v in Gen.Choose(-1000, 12000)
        from o in Gen.Elements(">=", "<=")
        select new Condition("f", o, v / 1000m, FormattableString.Invariant($"{v / 1000m}")),
        from v in Gen.Elements("", "a", "abab", "abababab", "abababababababababababé0",
            string.Concat(Enumerable.Repeat("🙂", 31)), string.Concat(Enumerable.Repeat("🙂", 32)) + "4", "\uFFFD", "z")
        from o in Gen.Elements("=", ">=", "<=")
        select new Condition("s", o, v, Sql.Literal(v)),
        from v in Gen.Choose(-8, 10)
        from o in Gen.Elements("=", ">=", "<=")
        let day = new DateOnly(1970, 1, 1).AddDays(v)
        select new Condition("d", o, day, $"DATE '{day:yyyy-MM-dd}'"),
        from v in Gen.Choose(-7000, 9000)
        from o in Gen.Elements(">=", "<=")
        select new Condition("t", o, DateTimeOffset.UnixEpoch.AddMicroseconds(v), $"make_timestamptz({v})"));

    private sealed record Condition(string Column, string Operator, FilterValue Value, string SqlValue)
    {
        public string Where => $"{Column} {Operator} {SqlValue}";

        public FileFilter Build() => Operator switch
        {
            ">=" => new FileFilter().AtLeast(Column, Value),
            "<=" => new FileFilter().AtMost(Column, Value),
            _ => new FileFilter().EqualTo(Column, Value),
        };
    }
}
