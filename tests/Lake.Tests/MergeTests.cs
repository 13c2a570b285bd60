using FsCheck;
using FsCheck.Fluent;
using Pipeline.DuckDb;

namespace Pipeline.Lake.Tests;

public sealed class MergeTests : IDisposable
{
    private static readonly DeltaTableDefinition _definition = new()
    {
        Schema = new DeltaSchema(new DeltaField("id", DeltaType.Long), new DeltaField("part", DeltaType.String), new DeltaField("value", DeltaType.String)),
        PartitionColumns = ["part"],
    };

    private readonly TempFolder _folder = new();
    private readonly DuckDatabase _database = DuckDatabase.Open(new DuckOptions { Threads = 1 });
    private readonly DuckConnection _connection;

    public MergeTests() => _connection = _database.Connect();

    [Fact]
    public async Task Merge_SomeKeysThere_ReplacesThoseAndInsertsTheOthers()
    {
        using var lake = Lakes.Open(new FolderObjectStore(_folder.Path));
        var table = lake.Table("t");
        await table.CreateIfNotExistsAsync(_definition);
        await table.AppendAsync(_connection, "SELECT i AS id, 'p' || (i % 2) AS part, 'old' AS value FROM range(4) r(i)");
        await table.AppendAsync(_connection, "SELECT i AS id, 'p' || (i % 2) AS part, 'old' AS value FROM range(100, 104) r(i)");

        var result = await table.MergeAsync(
            _connection, "SELECT i AS id, 'p9' AS part, 'new' AS value FROM range(3, 5) r(i)", new DeltaMerge { Keys = ["id"] });

        Assert.Equal((1, 1, 1), (result.RowsInserted, result.RowsUpdated, result.FilesRemoved));
        Assert.Equal(
            ["0|p0|old", "1|p1|old", "2|p0|old", "3|p9|new", "4|p9|new", "100|p0|old", "101|p1|old", "102|p0|old", "103|p1|old"],
            await RowsAsync(result.Snapshot));
        Assert.Equal("MERGE", (await table.HistoryAsync())[0].Operation);
    }

    [Fact]
    public async Task Merge_SameRowsTwice_IsAsOnce()
    {
        using var lake = Lakes.Open(new FolderObjectStore(_folder.Path));
        var table = lake.Table("t");
        await table.CreateIfNotExistsAsync(_definition);
        const string Query =
            "SELECT i AS id, CASE WHEN i = 2 THEN NULL ELSE 'p' END AS part, 'v' AS value FROM range(4) r(i) UNION ALL SELECT NULL, 'p', 'null key'";
        await table.MergeAsync(_connection, Query, new DeltaMerge { Keys = ["id"] });
        var once = await RowsAsync(await table.SnapshotAsync());
        var again = await table.MergeAsync(_connection, Query, new DeltaMerge { Keys = ["id"] });
        Assert.Equal((0, 0, 1L), (again.RowsInserted, again.RowsUpdated, again.Snapshot.Version));
        Assert.Equal(once, await RowsAsync(again.Snapshot));

        // One row that is another now, and one that is new: the rest does not count.
        var more = await table.MergeAsync(_connection, Query.Replace("'v'", "CASE WHEN i = 3 THEN 'other' ELSE 'v' END", StringComparison.Ordinal) + " UNION ALL SELECT 9, 'p', 'new'", new DeltaMerge { Keys = ["id"] });
        Assert.Equal((1, 1, 2L), (more.RowsInserted, more.RowsUpdated, more.Snapshot.Version));
        Assert.Equal(once.Count + 1, (await RowsAsync(more.Snapshot)).Count);
    }

    [Fact]
    public async Task Merge_KeyThatTheTableHoldsTwice_IsOnceThereAfter()
    {
        using var lake = Lakes.Open(new FolderObjectStore(_folder.Path));
        var table = lake.Table("t");
        await table.CreateIfNotExistsAsync(_definition);
        await table.AppendAsync(_connection, "SELECT 1::BIGINT AS id, 'p' AS part, 'v' AS value FROM range(2)");
        var result = await table.MergeAsync(_connection, "SELECT 1::BIGINT AS id, 'p' AS part, 'v' AS value", new DeltaMerge { Keys = ["id"] });
        Assert.Equal(["1|p|v"], await RowsAsync(result.Snapshot));
    }

    [Fact]
    public async Task Merge_InsertOnly_LeavesRowsThatAreThere()
    {
        using var lake = Lakes.Open(new FolderObjectStore(_folder.Path));
        var table = lake.Table("t");
        await table.CreateIfNotExistsAsync(_definition with { Configuration = new Dictionary<string, string?> { ["delta.appendOnly"] = "true" } });
        await table.AppendAsync(_connection, "SELECT 1::BIGINT AS id, 'a' AS part, 'old' AS value");
        var result = await table.MergeAsync(
            _connection, "SELECT i AS id, 'a' AS part, 'new' AS value FROM range(1, 3) r(i)", new DeltaMerge { Keys = ["id"], UpdateMatched = false });
        Assert.Equal((1, 0, 0), (result.RowsInserted, result.RowsUpdated, result.FilesRemoved));
        Assert.Equal(["1|a|old", "2|a|new"], await RowsAsync(result.Snapshot));
        await Assert.ThrowsAsync<TerminalException>(
            async () => await table.MergeAsync(_connection, "SELECT 1::BIGINT AS id, 'a' AS part, 'x' AS value", new DeltaMerge { Keys = ["id"] }));
    }

    [Fact]
    public async Task Merge_ColumnsMissingAndNew_KeepsTheOnesAndAddsTheOthers()
    {
        using var lake = Lakes.Open(new FolderObjectStore(_folder.Path));
        var table = lake.Table("t");
        await table.CreateIfNotExistsAsync(_definition);
        await table.AppendAsync(_connection, "SELECT i AS id, 'a' AS part, 'v' || i AS value FROM range(2) r(i)");
        var result = await table.MergeAsync(
            _connection, "SELECT i AS id, 'a' AS part, i * 10 AS more FROM range(1, 3) r(i)", new DeltaMerge { Keys = ["id", "part"], AddColumns = true });
        Assert.Equal(
            ["""{"id":0,"part":"a","value":"v0","more":null}""",
                """{"id":1,"part":"a","value":"v1","more":10}""",
                """{"id":2,"part":"a","value":null,"more":20}"""],
            await result.Snapshot.RowsAsync(_connection));
    }

    [Fact]
    public async Task Merge_KeyTwiceInTheQuery_IsRefused()
    {
        using var lake = Lakes.Open(new FolderObjectStore(_folder.Path));
        var table = lake.Table("t");
        await table.CreateIfNotExistsAsync(_definition);
        var error = await Assert.ThrowsAsync<TerminalException>(
            async () => await table.MergeAsync(
                _connection, "SELECT 1::BIGINT AS id, 'a' AS part, 'x' AS value FROM range(2)", new DeltaMerge { Keys = ["id"] }));
        Assert.Contains("several rows", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, _connection.QueryInt64("SELECT count(*) FROM duckdb_tables()"));
    }

    [Fact]
    public async Task Merge_FourAtATimeAndACompaction_LosesNoUpdate()
    {
        using (var setup = Lakes.Open(new FolderObjectStore(_folder.Path)))
        {
            await setup.Table("t").CreateIfNotExistsAsync(_definition);
            await setup.Table("t").AppendAsync(_connection, "SELECT i AS id, 'a' AS part, '' AS value FROM range(4) r(i)");
        }

        await Task.WhenAll(Enumerable.Range(0, 4).Select(writer => Task.Run(async () =>
        {
            using var database = DuckDatabase.Open(new DuckOptions { Threads = 1 });
            using var connection = database.Connect();
            using var lake = Lakes.Open(new FolderObjectStore(_folder.Path));
            for (var round = 0; round < 3; round++)
            {
                await lake.Table("t").MergeAsync(
                    connection, $"SELECT {writer}::BIGINT AS id, 'a' AS part, 'w{writer}.{round}' AS value", new DeltaMerge { Keys = ["id"] });
                if (writer == 0)
                    await lake.Table("t").CompactAsync();
            }
        })));

        using var reader = Lakes.Open(new FolderObjectStore(_folder.Path));
        Assert.Equal(["0|a|w0.2", "1|a|w1.2", "2|a|w2.2", "3|a|w3.2"], await RowsAsync(await reader.Table("t").SnapshotAsync()));
    }

    [Fact]
    public async Task Merge_AnySequence_GivesTheDictionaryOfTheModel()
    {
        var lakeNumber = 0;
        Prop.ForAll(Gen.ListOf(Gen.ListOf(Gen.Choose(0, 12), 5), 4).ToArbitrary(), batches =>
        {
            RunAsync(batches.Select(b => b.Distinct().ToList()), ++lakeNumber).GetAwaiter().GetResult();
            return true;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(12));
        await Task.CompletedTask;
    }

    public void Dispose()
    {
        _connection.Dispose();
        _database.Dispose();
        _folder.Dispose();
    }

    private async Task RunAsync(IEnumerable<List<int>> batches, int number)
    {
        using var lake = Lakes.Open(new FolderObjectStore(_folder.Path));
        var table = lake.Table($"model{number}");
        await table.CreateIfNotExistsAsync(_definition);
        var model = new SortedDictionary<int, string>();
        var round = 0;
        foreach (var batch in batches.Where(b => b.Count > 0))
        {
            round++;
            await table.MergeAsync(
                _connection,
                string.Join(" UNION ALL ", batch.Select(id => $"SELECT {id}::BIGINT AS id, 'p{(id + round) % 3}' AS part, 'r{round}' AS value")),
                new DeltaMerge { Keys = ["id"] });
            foreach (var id in batch)
                model[id] = $"{id}|p{(id + round) % 3}|r{round}";
            Assert.Equal(model.Values, await RowsAsync(await table.SnapshotAsync()));
        }
    }

    private async Task<List<string>> RowsAsync(DeltaSnapshot snapshot)
    {
        await snapshot.CreateViewAsync(_connection, "v");
        return _connection.Texts("SELECT concat_ws('|', coalesce(id::VARCHAR, '-'), coalesce(part, '-'), value) FROM v ORDER BY id");
    }
}
